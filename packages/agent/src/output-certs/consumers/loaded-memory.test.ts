import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import {
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { LoadedMemory } from "./loaded-memory.ts";

describe("LoadedMemory", () => {
  const loaded = { serial: "0a1b", notAfter: new Date("2030-01-01T01:00:00Z") };
  let directory: TemporaryDirectory;
  let logger: RecordingLogger;
  let memory: LoadedMemory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    logger = recordingLogger();
    memory = new LoadedMemory(directory.path, "command", logger);
  });
  afterEach(() => directory.remove());

  it("recalls after a restart what was remembered, and nothing from a missing or damaged file", async () => {
    assert.equal(await memory.recall(), undefined);
    await memory.remember(loaded);
    assert.deepEqual(await new LoadedMemory(directory.path, "command", logger).recall(), loaded);
    for (const text of ["", "0a1b", "0a1b tomorrow", "x".repeat(5_000)]) {
      await writeFile(directory.join("..kasbah-loaded-command"), text);
      assert.equal(await memory.recall(), undefined, text.slice(0, 20));
    }
  });

  it("warns once if it cannot write, and does not fail", async () => {
    await rm(directory.path, { recursive: true });
    await memory.remember(loaded);
    await memory.remember(loaded);
    assert.equal(logger.events.length, 1);
  });
});
