import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import type { PackedRelease } from "../../scripts/release/pack.ts";
import { privateContent } from "../../scripts/release/private-content.ts";
import { stageRelease } from "../../scripts/release/stage.ts";
import { type Installation, tryRelease } from "../../scripts/release/trial.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { repositoryRoot } from "../harness/repository.ts";
import { saveIssuer } from "../harness/token-issuer.ts";
import { installedPackage } from "./hooks.ts";

describe("npm package", () => {
  let directory: TemporaryDirectory;
  let packed: PackedRelease;
  let installed: Installation;
  let floorNode: string;

  before(async () => {
    directory = await temporaryDirectory();
    ({ packed, installed, node: floorNode } = installedPackage());
  });
  after(() => directory.remove());

  /** Runs a command that must fail. */
  async function failure(file: string, args: readonly string[], env = installed.env) {
    const outcome = await promisify(execFile)(file, [...args], { env }).catch((error: unknown) => error);
    const { code, stderr } = outcome as { readonly code?: unknown; readonly stderr: string };
    return { code, stderr };
  }

  it("contains the commands and their licenses, and nothing of the machine that built it", async () => {
    assert.deepEqual(privateContent(installed.package, [repositoryRoot, join(packed.path, "../..")]), []);
    const paths = packed.files.map(({ path }) => path);
    for (const expected of [
      "LICENSE",
      "README.md",
      "bin/reaper.js",
      "console/index.html",
      "dist/kasbah-worker.mjs",
    ])
      assert.ok(paths.includes(expected), expected);
    const licenses = await readFile(join(installed.package, "LICENSES.txt"), "utf8");
    for (const name of [
      "@grpc/grpc-js",
      "@peculiar/x509",
      "commander",
      "jose",
      "lowdb",
      "node-cron",
      "preact",
      "yaml",
      "zod",
    ])
      assert.match(licenses, new RegExp(`^${name} \\d`, "m"));
    const manifest = JSON.parse(await readFile(join(installed.package, "package.json"), "utf8"));
    assert.deepEqual(
      [manifest.private, manifest.dependencies, manifest.scripts],
      [undefined, undefined, undefined],
    );
  });

  it("installs offline into an empty folder, and its demo passes there on the oldest supported Node", async () => {
    assert.match(await tryRelease(installed), /^[0-9.]+$/);
  });

  it("explains codes and prints a cluster's objects without the repository", async () => {
    assert.match(await installed.run("kasbah", "why", "TOKEN_AUDIENCE"), /^TOKEN_AUDIENCE/);
    const objects = await installed.run("kasbah", "install", "--registry", "registry.example/team");
    assert.match(objects, /image: registry\.example\/team\/kasbah\/server:/);
  });

  it("installs Envoy into the user's cache, and names that folder if it cannot", async () => {
    const file = directory.join("file");
    await writeFile(file, "");
    const env = { ...installed.env, XDG_CACHE_HOME: file, PATH: dirname(floorNode), ENVOY_BIN: "" };
    const { code, stderr } = await failure(floorNode, [installed.binOf("kasbah"), "demo", "--once"], env);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`cannot create ${file}/kasbah, into which Envoy is installed`));
  });

  it("a rehearsal of its publication that cannot run says why in one sentence, and exits with 1", async () => {
    const script = join(repositoryRoot, "scripts/release/main.ts");
    const argv = ["--conditions=kasbah-source", script];
    const { code, stderr } = await failure(process.execPath, argv, { PATH: "/usr/bin:/bin" });
    assert.deepEqual(
      [code, stderr],
      [1, "release: npm did not start this script: run it as npm run release:dry\n"],
    );
  });

  it("cannot be imported as a library, which it is not", async () => {
    const code = `await import("${JSON.parse(await readFile(join(installed.package, "package.json"), "utf8")).name}")`;
    const from = ["--input-type=module", "--eval", code];
    const options = { cwd: join(installed.package, "../.."), env: installed.env };
    await assert.rejects(promisify(execFile)(floorNode, from, options), /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  describe("on a Node that is too old", () => {
    for (const version of ["12.22.9", "18.20.8", "20.20.2", "24.18.0"])
      it(`each command requires a newer Node in one sentence, and exits with 2: ${version}`, async () => {
        const pretend = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"${version}"})`;
        for (const command of ["kasbah", "kasbah-server", "kasbah-agent"]) {
          const said = await failure(floorNode, ["--import", pretend, installed.binOf(command), "--version"]);
          const expected = `${command} requires Node 24.18.1 or newer, but this is ${version}: install a newer Node.\n`;
          assert.deepEqual(said, { code: 2, stderr: expected });
        }
      });
  });

  describe("started through node_modules/.bin", () => {
    const flagsOf = {
      "kasbah-server": async () => {
        const { flags } = await saveIssuer(directory.join("issuer"));
        const ports = ["--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];
        return ["--state-dir", directory.join("state"), "--workers", "2", ...ports, ...flags];
      },
      "kasbah-agent": async () => {
        const files = ["--ca-root", directory.join("root.pem"), "--token-file", directory.join("token")];
        const ports = ["--status-address", "127.0.0.1:0", "--sds-socket", directory.join("uds", "socket")];
        return ["--ca-address", "127.0.0.1:1", ...files, ...ports];
      },
    };
    for (const [command, flags] of Object.entries(flagsOf))
      it(`${command} finishes its work on SIGTERM and exits with 0`, async () => {
        const argv = [installed.binOf(command), "--log-format", "json", ...(await flags())];
        await using daemon = new LoggedProcess({ title: command, command: argv, env: installed.env });
        await daemon.logged("daemon started");
        await daemon.stop();
        assert.deepEqual(await daemon.exited, { code: 0, signal: null });
        assert.match(daemon.log, /"exitCode":0,"event":"daemon stopped"/);
      });
  });

  it("names the source and the registry of the person who publishes it", async () => {
    const folder = directory.join("named");
    const env = {
      KASBAH_REGISTRY: "registry.example/team",
      KASBAH_REPOSITORY: "https://git.example/team/kasbah",
    };
    await stageRelease(folder, env);
    const read = async (path: string) => JSON.parse(await readFile(join(folder, path), "utf8"));
    const { repository, homepage, bugs, publishConfig } = await read("package.json");
    assert.deepEqual(repository, {
      type: "git",
      url: "git+https://git.example/team/kasbah.git",
      directory: "packages/cli",
    });
    assert.deepEqual(
      [homepage, bugs.url],
      [`${env.KASBAH_REPOSITORY}#readme`, `${env.KASBAH_REPOSITORY}/issues`],
    );
    assert.deepEqual(publishConfig, { access: "public", provenance: true });
    assert.equal((await read("generated/names.json")).registry, env.KASBAH_REGISTRY);
  });
});
