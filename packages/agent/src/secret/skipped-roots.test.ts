import assert from "node:assert/strict";
import { type RecordingLogger, recordingLogger } from "@kasbah/testkit";
import { SkippedRoots } from "./skipped-roots.ts";

describe("SkippedRoots", () => {
  let logger: RecordingLogger;
  let roots: SkippedRoots;
  const one = { position: 2, line: 12, fingerprint: "ab", reason: "it is not a CA" };
  const other = { position: 3, line: 40, fingerprint: undefined, reason: "a block has no end line" };

  beforeEach(() => {
    logger = recordingLogger();
    roots = new SkippedRoots(logger);
  });

  it("logs each skipped root once as long as the place keeps its content", () => {
    for (let read = 0; read < 3; read += 1) roots.onSkippedRoots("/etc/roots.pem", [one, other]);
    assert.equal(logger.events.filter(({ level }) => level === "warn").length, 2);
    roots.onSkippedRoots("/etc/roots.pem", [one]);
    assert.equal(logger.events.length, 3);
  });

  it("counts the roots of all places, and names the first of each with its place and reason", () => {
    roots.onSkippedRoots("/etc/roots.pem", [one, other]);
    roots.onSkippedRoots("the CA's reply", [one]);
    assert.equal(roots.total, 3);
    assert.deepEqual(roots.warnings(), [
      "a root in /etc/roots.pem is not used: block 2 (line 12, SHA-256 ab): it is not a CA; and 1 more, see the log",
      "a root in the CA's reply is not used: block 2 (line 12, SHA-256 ab): it is not a CA",
    ]);
  });

  it("drops the warning when the place is repaired", () => {
    roots.onSkippedRoots("/etc/roots.pem", [one]);
    roots.onSkippedRoots("/etc/roots.pem", []);
    assert.deepEqual([roots.total, roots.warnings()], [0, []]);
  });
});
