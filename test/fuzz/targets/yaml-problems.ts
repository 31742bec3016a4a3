import assert from "node:assert/strict";

/** Problems are shown to whoever starts the program: there is one at least, and none can recolour a terminal. */
export function checkProblems(problems: readonly string[]): void {
  assert.ok(problems.length > 0, "it does not say what is wrong");
  const treacherous = problems.find((problem) => /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(problem));
  assert.equal(treacherous, undefined, "a problem is not fit to print");
}
