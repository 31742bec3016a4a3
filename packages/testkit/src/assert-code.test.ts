import assert from "node:assert/strict";
import { assertCode, rejectsWithCode, throwsWithCode } from "./assert-code.ts";

const coded = (code: string) => Object.assign(new Error("text"), { code });

describe("Assertions on error codes", () => {
  it("fails for another code, an error without a code, a value that is not an error, and no error", async () => {
    for (const error of [coded("B"), new Error("A"), { code: "A" }, "A", undefined]) {
      assert.throws(() => assertCode(error, "A"), assert.AssertionError);
    }
    await assert.rejects(rejectsWithCode(Promise.resolve(1), "A"), assert.AssertionError);
    assert.throws(() => throwsWithCode(() => 1, "A"), assert.AssertionError);
  });

  it("returns the error with the expected code", async () => {
    const error = coded("A");
    assert.equal(await rejectsWithCode(Promise.reject(error), "A"), error);
    assert.equal(await rejectsWithCode(async () => Promise.reject(error), "A"), error);
    const thrown = throwsWithCode(() => {
      throw error;
    }, "A");
    assert.equal(thrown, error);
  });
});
