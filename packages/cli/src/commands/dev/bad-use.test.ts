import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { createDevDocument } from "../../dev/folder/document.ts";
import { runKasbah } from "../run-kasbah.fixture.ts";

const name = "expected NAMESPACE/ACCOUNT in lower case, such as demo/web, got";
const listen = "--listen: expected PORT:PROGRAM-PORT such as 8443:8080, or HOST:PORT:PROGRAM-PORT, got";
const upstream =
  "--upstream: expected PORT=NAMESPACE/ACCOUNT@HOST:PORT such as 9001=demo/api@localhost:9443, got";
const run = ["dev", "run", "--as", "demo/web"];
const web = [...run, "--listen", "8443:8080"];

describe("kasbah dev, used wrongly", () => {
  let folder: TemporaryDirectory;

  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  const env = () => ({ PATH: "/usr/bin:/bin", ENVOY_BIN: process.execPath, HOME: folder.path });
  const refusal = async (argv: readonly string[], changes: Parameters<typeof runKasbah>[1] = {}) => {
    const { error } = await runKasbah(argv, { cwd: folder.path, env: env(), ...changes });
    return `${error?.code}: ${error?.message}`;
  };

  for (const [argv, sentence] of [
    [["dev", "run"], "no program to run: end the command with -- and the program, such as -- npm start"],
    [[...web, "--"], "no program to run: end the command with -- and the program, such as -- npm start"],
    [
      [...web, "python3", "-m", "http.server"],
      "the program must follow --: write kasbah dev run … -- python3 -m http.server",
    ],
    [["dev", "run", "--", "true"], "--as is missing: give the program a name, such as --as demo/web"],
    [["dev", "run", "--as", "Web", "--", "true"], `--as: ${name} "Web"`],
    [["dev", "run", "--as", "a/b/c", "--", "true"], `--as: ${name} "a/b/c"`],
    [
      [...run, "--", "true"],
      "nothing to connect: add --listen PORT:PROGRAM-PORT for callers, or --upstream PORT=NAMESPACE/ACCOUNT@HOST:PORT",
    ],
    [[...run, "--listen", "8443", "--", "true"], `${listen} "8443"`],
    [[...run, "--listen", "8443:http", "--", "true"], `${listen} "8443:http"`],
    [[...run, "--listen", "0:8080", "--", "true"], `${listen} "0:8080"`],
    [[...run, "--listen", "8443:65536", "--", "true"], `${listen} "8443:65536"`],
    [
      [...run, "--listen", "8080:8080", "--", "true"],
      "--listen 8080:8080: the two ports must differ, because the program has the second one",
    ],
    [
      [...web, "--upstream", "8443=demo/api@localhost:9443", "--", "true"],
      "port 8443 is used twice: give each --listen and --upstream its own port",
    ],
    [[...run, "--upstream", "9001", "--", "true"], `${upstream} "9001"`],
    [
      [...run, "--upstream", "9001=demo/api@localhost", "--", "true"],
      `${upstream} "9001=demo/api@localhost"`,
    ],
    [
      [...run, "--upstream", "9001=api@localhost:9443", "--", "true"],
      `--upstream 9001=api@localhost:9443: ${name} "api"`,
    ],
    [["dev", "cert", "web", "--out", "certs"], `NAME: ${name} "web"`],
    [
      ["dev", "cert", "demo/web"],
      "--out is missing: name a directory for the files, such as --out web-certs",
    ],
    [["dev", "token", "demo/"], `NAME: ${name} "demo/"`],
    [
      ["dev", "up", "--trust-domain", "Shop"],
      '--trust-domain: expected lower case letters, digits, dots and hyphens, such as shop.internal, got "Shop"',
    ],
  ] as const) {
    it(`refuses kasbah ${argv.join(" ")} with one sentence that shows the right form`, async () => {
      assert.equal(await refusal(argv), `USAGE_INVALID: ${sentence}`);
    });
  }

  it("suggests the option that was misspelt, and lists the protocols", async () => {
    assert.match(
      await refusal([...run, "--listne", "1:2", "--", "true"]),
      /unknown option '--listne'.*--listen/s,
    );
    assert.match(await refusal([...web, "--protocol", "udp", "--", "true"]), /Allowed choices are http, tcp/);
  });

  it("names a program that does not exist, and a file that cannot be run", async () => {
    await writeFile(folder.join("start.sh"), "");
    assert.equal(
      await refusal([...web, "--", "pyhton3"]),
      "PROGRAM_MISSING: no program pyhton3 is on the PATH: check its name, or write its path",
    );
    assert.equal(
      await refusal([...web, "--", "./start.sh"]),
      "PROGRAM_MISSING: ./start.sh is not an executable file: check the path, or run chmod +x on it",
    );
  });

  it("names an Envoy that does not exist, and an upstream host without an address", async () => {
    assert.equal(
      await refusal([...web, "--", "true"], { env: { ...env(), ENVOY_BIN: "/nowhere/envoy" } }),
      "ENVOY_MISSING: ENVOY_BIN is /nowhere/envoy, which is not an executable file: fix or unset it",
    );
    assert.match(
      await refusal([...run, "--upstream", "9001=demo/api@api.invalid:9443", "--", "true"]),
      /^UPSTREAM_UNKNOWN: the host api\.invalid of --upstream has no address \(E\w+\): check its name$/,
    );
  });

  it("says where it looked for a folder, and to start with kasbah dev up", async () => {
    for (const argv of [
      ["dev", "status"],
      ["dev", "cert", "demo/web", "--out", "certs"],
      ["dev", "token", "demo/web"],
    ])
      assert.equal(
        await refusal(argv),
        `DEV_FOLDER_MISSING: ${folder.path} and its parents have no .kasbah: run kasbah dev up first`,
      );
    for (const swallowed of ["--", "--out"])
      assert.equal(
        await refusal(["dev", "status", "--dir", swallowed]),
        `USAGE_INVALID: --dir: expected a folder such as other or ./-other, got "${swallowed}"`,
      );
    assert.equal(
      await refusal(["dev", "status", "--dir", "gone"]),
      `DEV_FOLDER_MISSING: ${folder.join("gone")} does not exist: run kasbah dev up first`,
    );
    const { said, error } = await runKasbah(["dev", "down"], { cwd: folder.path });
    assert.deepEqual(
      [said, error],
      ["nothing to stop: this folder and its parents have no .kasbah\n", undefined],
    );
  });

  describe("with a folder", () => {
    const path = () => folder.join(".kasbah");
    const write = (document: object) => writeFile(join(path(), "dev.json"), JSON.stringify(document));
    const status = (changes: Parameters<typeof runKasbah>[1] = {}) => refusal(["dev", "status"], changes);

    beforeEach(async () => {
      await mkdir(path(), { mode: 0o700 });
      await write(createDevDocument("cluster.local"));
    });

    it("reports a CA that is stopped, and how to start it", async () => {
      assert.equal(
        await refusal(["dev", "cert", "demo/web", "--out", "certs"]),
        `DEV_CA_STOPPED: the CA in ${path()} is not running: start it with kasbah dev up`,
      );
      const { said, exitCode } = await runKasbah(["dev", "status"], { cwd: folder.path });
      assert.match(said, /CA +stopped[\s\S]*the CA is stopped: run kasbah dev up to start it\n$/);
      assert.equal(exitCode, 1);
    });

    it("refuses the state of another release by its number, and damaged state", async () => {
      await write({ version: 2 });
      assert.equal(
        await status(),
        `DEV_FOLDER_UNUSABLE: ${path()}/dev.json has format 2, and this release of kasbah reads format 1: use the release that wrote it, or choose another folder with --dir`,
      );
      for (const text of ["{", "[]", '{"version":1}']) {
        await writeFile(join(path(), "dev.json"), text);
        assert.equal(
          await status(),
          `DEV_FOLDER_UNUSABLE: ${path()}/dev.json is damaged: stop the CA of this folder and delete the folder to start over`,
        );
      }
    });

    it("refuses a folder of another user, and one that others can enter", async () => {
      const uid = process.getuid?.() ?? 0;
      assert.equal(
        await status({ uid: uid + 1 }),
        `DEV_FOLDER_UNUSABLE: ${path()} belongs to user ${uid}, and this command runs as user ${uid + 1}: run it as user ${uid}, or choose another folder with --dir`,
      );
      await chmod(path(), 0o750);
      assert.equal(
        await status(),
        `DEV_FOLDER_UNUSABLE: other users can enter ${path()}, which holds keys: run chmod 700 ${path()}`,
      );
    });

    it("refuses another trust domain than that of the CA", async () => {
      assert.equal(
        await refusal(["dev", "up", "--trust-domain", "shop.internal"]),
        `USAGE_INVALID: --trust-domain shop.internal: the CA in ${path()} has the trust domain cluster.local; choose another folder with --dir, or start over with kasbah dev down --purge`,
      );
    });
  });

  it("neither uses nor deletes a folder that holds other files", async () => {
    const other = folder.join("photos");
    await mkdir(other, { mode: 0o700 });
    await writeFile(join(other, "cat.jpg"), "");
    assert.equal(
      await refusal(["dev", "up", "--dir", "photos"]),
      `DEV_FOLDER_UNUSABLE: ${other} holds other files, such as cat.jpg: choose an empty folder, or a new one, with --dir`,
    );
    assert.equal(
      await refusal(["dev", "down", "--purge", "--dir", "photos"]),
      `DEV_FOLDER_UNUSABLE: ${other}/dev.json does not exist, so ${other} is no folder of kasbah dev: name the right one with --dir, or run kasbah dev up`,
    );
  });

  it("refuses a place that cannot be written, and a path that is too long for the CA's socket", async () => {
    await writeFile(folder.join("file"), "");
    assert.match(
      await refusal(["dev", "up", "--dir", "file/x"]),
      /^DEV_FOLDER_UNUSABLE: cannot use .*\/file\/x: .*ENOTDIR.*; choose a folder that you can write with --dir$/,
    );
    const long = folder.join("x".repeat(90));
    assert.equal(
      await refusal(["dev", "up", "--dir", long]),
      `DEV_FOLDER_UNUSABLE: the path ${long} is too long for the CA's socket: choose a folder with a shorter path with --dir`,
    );
  });

  it("is refused for a CA in a cluster", async () => {
    assert.match(await refusal(["-n", "mesh", "dev", "status"]), /^CONFIG_INVALID: .*run on this machine$/);
  });
});
