import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findEnvoy } from "./find-envoy.ts";

describe("findEnvoy", () => {
  let directory: string;
  const program = async (...parts: string[]) => {
    const path = join(directory, ...parts);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, "#!/bin/sh\n");
    await chmod(path, 0o755);
    return path;
  };
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kasbah-find-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("never replaces an invalid ENVOY_BIN with another Envoy", async () => {
    await program("bin/envoy");
    const env = { ENVOY_BIN: join(directory, "none"), PATH: join(directory, "bin") };
    await assert.rejects(findEnvoy(env), { code: "ENVOY_MISSING" });
  });

  it("does not run a file in the working directory or one that is not executable", async () => {
    await mkdir(join(directory, "folder/envoy"), { recursive: true });
    await mkdir(join(directory, "plain"));
    await writeFile(join(directory, "plain/envoy"), "text", { mode: 0o644 });
    assert.equal(
      await findEnvoy({ PATH: `:${join(directory, "folder")}:${join(directory, "plain")}:` }),
      undefined,
    );
  });

  it("prefers ENVOY_BIN to PATH", async () => {
    const explicit = await program("own/my-envoy");
    await program("bin/envoy");
    const found = await findEnvoy({ ENVOY_BIN: explicit, PATH: join(directory, "bin") });
    assert.deepEqual(found, { path: explicit, source: "ENVOY_BIN" });
  });

  it("uses the first Envoy on PATH", async () => {
    const first = await program("a/envoy");
    await program("b/envoy");
    const found = await findEnvoy({ PATH: `${directory}/empty:${directory}/a:${directory}/b` });
    assert.deepEqual(found, { path: first, source: "PATH" });
  });
});
