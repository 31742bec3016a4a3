import assert from "node:assert/strict";
import { assertCode, rejectsWithCode, throwsWithCode } from "./assert-code.ts";

const coded = (code: string) => Object.assign(new Error("text"), { code });

describe("assertions on codes", () => {
  it("fail for another code, no code, no error and no failure at all", async () => {
    for (const error of [coded("B"), new Error("A"), { code: "A" }, "A", undefined]) {
      assert.throws(() => assertCode(error, "A"), assert.AssertionError);
    }
    await assert.rejects(rejectsWithCode(Promise.resolve(1), "A"), assert.AssertionError);
    assert.throws(() => throwsWithCode(() => 1, "A"), assert.AssertionError);
  });

  it("give the error with the right code", async () => {
    const error = coded("A");
    assert.equal(await rejectsWithCode(Promise.reject(error), "A"), error);
    assert.equal(await rejectsWithCode(async () => Promise.reject(error), "A"), error);
    const thrown = throwsWithCode(() => {
      throw error;
    }, "A");
    assert.equal(thrown, error);
  });
});
