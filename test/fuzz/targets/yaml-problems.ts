import assert from "node:assert/strict";

/**
 * The problems are printed to the operator: there must be at least one, and none may contain terminal
 * escapes.
 */
export function checkProblems(problems: readonly string[]): void {
  assert.ok(problems.length > 0, "the refusal lists no problem");
  const treacherous = problems.find((problem) => /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(problem));
  assert.equal(treacherous, undefined, "a problem contains unprintable characters");
}
