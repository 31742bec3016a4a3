import assert from "node:assert/strict";
import { PolicyError } from "../errors.ts";
import { fileProblems } from "./file-problems.ts";

const failing = (error: unknown) => () => Promise.reject(error);

describe("fileProblems", () => {
  it("returns no problems for a flag that is not set, or a file that can be loaded", async () => {
    assert.deepEqual(await fileProblems("--policy", undefined, failing(new Error("loaded"))), []);
    assert.deepEqual(await fileProblems("--policy", "p.yaml", async () => undefined), []);
  });

  it("returns every problem of the file after its flag, or the message if the file has no lines", async () => {
    const invalid = new PolicyError("p.yaml is not a valid policy", ["p.yaml line 1: a", "p.yaml line 2: b"]);
    assert.deepEqual(await fileProblems("--policy", "p.yaml", failing(invalid)), [
      "--policy: p.yaml line 1: a",
      "--policy: p.yaml line 2: b",
    ]);
    const missing = new PolicyError("cannot read p.yaml", []);
    assert.deepEqual(await fileProblems("--policy", "p.yaml", failing(missing)), [
      "--policy: cannot read p.yaml",
    ]);
  });

  it("rethrows an error that is not about the content of the file", async () => {
    const bug = new TypeError("x is undefined");
    await assert.rejects(fileProblems("--policy", "p.yaml", failing(bug)), bug);
  });
});
