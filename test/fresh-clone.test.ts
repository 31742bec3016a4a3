import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync } from "node:fs";
import { chmod, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
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
mkdir -p node_modules/.bin node_modules/${nodePackage}/bin
cp "$INSTALLED"/tsc node_modules/.bin/
if [ -f "$INSTALLED/node" ]; then cp "$INSTALLED/node" node_modules/${nodePackage}/bin/; fi
ln -s ../${nodePackage}/bin/node node_modules/.bin/node
`;
const nodePackage = `node-${process.platform}-${process.arch}`;
const pinnedNode = `#!/bin/sh
case "$1" in
  scripts/setup.js) exec ${process.execPath} "$@" ;;
  scripts/*|--conditions=*) echo "pinned node $*" >> "$CALLS" ;;
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
    const digest = createHash("sha256").update(pinnedNode).digest("hex");
    const digests = { version: "26.0.0", sha256: { [nodePackage]: digest } };
    await writeFile(directory.join("clone/scripts/pinned-node/digests.json"), JSON.stringify(digests));
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
        "pinned node --conditions=kasbah-source scripts/generate-codes.js",
        "pinned node scripts/generate-names.js",
        "pinned node --conditions=kasbah-source scripts/generate-completion.js",
        "tsc -b",
        "pinned node scripts/bundles/main.ts",
      ];
      const install = "npm ci --ignore-scripts --no-audit --no-fund --loglevel=error";
      assert.deepEqual(await build(), ["npm run build", install, ...steps]);
      assert.deepEqual(await build(), ["npm run build", ...steps]);
    });
  }

  describe("refuses to start anything, and names the fix,", () => {
    const installed = () => directory.join(`clone/node_modules/${nodePackage}/bin/node`);
    const fix = /; remove node_modules and run npm run setup$/m;

    beforeEach(async function () {
      const node = nodes["the machine's own Node"];
      if (node === undefined) this.skip();
      await symlink(node, directory.join("bin/node"));
    });

    async function assertRefused(expected: RegExp): Promise<void> {
      const error = await build().catch((cause: unknown) => cause);
      assert.ok(error instanceof Error && "stderr" in error);
      assert.match(String(error.stderr), expected);
      assert.match(String(error.stderr), fix);
      const calls = (await readFile(directory.join("calls"), "utf8")).trim().split("\n");
      assert.deepEqual(
        calls.filter((call) => !call.startsWith("npm ci") && call !== "npm run build"),
        [],
      );
    }

    it("if one byte of the pinned Node changed after the installation", async () => {
      await build();
      const bytes = await readFile(installed());
      bytes[bytes.length - 2] = Number(bytes.at(-2)) ^ 1;
      await writeFile(installed(), bytes);
      await assertRefused(
        /bin\/node is not Node 26\.0\.0: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}/,
      );
    });

    it("if npm installed another program as the pinned Node", async () => {
      await program("installed/node", `${pinnedNode}\n`);
      await assertRefused(/bin\/node is not Node 26\.0\.0: expected SHA-256/);
    });

    it("if npm skipped the pinned Node because its archive could not be fetched or verified", async () => {
      await rm(directory.join("installed/node"));
      await assertRefused(/bin\/node is missing \(ENOENT\): npm did not install Node 26\.0\.0/);
    });

    it("if the node on the PATH of npm's scripts is another program", async () => {
      await build();
      await program("other", pinnedNode);
      await rm(directory.join("clone/node_modules/.bin/node"));
      await symlink(directory.join("other"), directory.join("clone/node_modules/.bin/node"));
      await assertRefused(/node_modules\/\.bin\/node starts .*\/other: expected .*\/bin\/node/);
    });
  });
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
      ".kasbah/dev.json",
      "examples/.kasbah/ca/control/state-0.json",
      "root-key.pem",
      "ca-key.pem",
    ];
    const { stdout } = await promisify(execFile)("git", ["check-ignore", ...paths], { cwd: repository });
    assert.deepEqual(stdout.trim().split("\n"), paths);
  });
});
