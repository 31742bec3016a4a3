import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";

const repository = fileURLToPath(new URL("../", import.meta.url));

/** The path of a program on the machine, ignoring those that npm installed here. */
function findOnMachine(program: string): string | undefined {
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  return directories
    .filter((directory) => !directory.includes("node_modules"))
    .map((directory) => join(directory, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Logs its calls. `ci` installs stand-ins for the pinned Node and the compiler; all other commands run the real npm. */
const npm = (realNpm: string) => `#!/bin/sh
echo "npm $*" >> "$CALLS"
if [ "$1" != ci ]; then exec ${realNpm} "$@"; fi
mkdir -p node_modules/.bin
cp "$INSTALLED"/* node_modules/.bin/
`;
const pinnedNode = `#!/bin/sh
case "$1" in
  scripts/setup.js) exec ${process.execPath} "$@" ;;
  scripts/*) echo "pinned node $*" >> "$CALLS" ;;
  *) exec ${process.execPath} "$@" ;;
esac
`;
const tsc = `#!/bin/sh
echo "tsc $*" >> "$CALLS"
`;

describe("npm run build in a fresh clone", () => {
  const realNpm = findOnMachine("npm");
  let directory: TemporaryDirectory;

  before(function () {
    if (realNpm === undefined) this.skip();
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    const clone = directory.join("clone");
    await mkdir(clone);
    for (const file of ["package.json", "package-lock.json"]) {
      await copyFile(join(repository, file), join(clone, file));
    }
    await cp(join(repository, "scripts"), join(clone, "scripts"), { recursive: true });
    await program("bin/npm", npm(String(realNpm)));
    await program("installed/node", pinnedNode);
    await program("installed/tsc", tsc);
  });
  afterEach(() => directory.remove());

  async function program(name: string, script: string): Promise<void> {
    await mkdir(directory.join(name, ".."), { recursive: true });
    await writeFile(directory.join(name), script);
    await chmod(directory.join(name), 0o755);
  }

  async function build(): Promise<readonly string[]> {
    const calls = directory.join("calls");
    await writeFile(calls, "");
    await promisify(execFile)("npm", ["run", "build"], {
      cwd: directory.join("clone"),
      env: {
        HOME: directory.path,
        PATH: `${directory.join("bin")}:/usr/bin:/bin`,
        CALLS: calls,
        INSTALLED: directory.join("installed"),
      },
    });
    return (await readFile(calls, "utf8")).trim().split("\n");
  }

  const nodes = { "the machine's own Node": findOnMachine("node"), "the pinned Node": process.execPath };
  for (const [which, node] of Object.entries(nodes)) {
    it(`installs the dependencies once, and then builds with the pinned Node, when started by ${which}`, async function () {
      if (node === undefined) this.skip();
      await symlink(node, directory.join("bin/node"));
      const steps = [
        "npm run generate",
        "pinned node scripts/generate-protocol.js",
        "tsc -b",
        "pinned node scripts/agent-bundle/main.ts",
      ];
      const install = "npm ci --no-audit --no-fund --loglevel=error";
      assert.deepEqual(await build(), ["npm run build", install, ...steps]);
      assert.deepEqual(await build(), ["npm run build", ...steps]);
    });
  }
});

describe(".gitignore", () => {
  it("covers the secrets that the documented commands create in a clone", async function () {
    if (!existsSync(join(repository, ".git"))) this.skip();
    const paths = [
      "state/control/state-0.json",
      "out/token-key.pem",
      "frontend.token",
      "ca.backup",
      "passphrase",
      "sds/socket",
      "root-key.pem",
      "ca-key.pem",
    ];
    const { stdout } = await promisify(execFile)("git", ["check-ignore", ...paths], { cwd: repository });
    assert.deepEqual(stdout.trim().split("\n"), paths);
  });
});
