import assert from "node:assert/strict";

/** An error with a stable code. */
export interface CodedError extends Error {
  readonly code: string;
}

/** Asserts that `error` is an `Error` with this code. */
export function assertCode(error: unknown, code: string): asserts error is CodedError {
  assert.ok(error instanceof Error, `expected an error with code ${code}, got ${String(error)}`);
  const seen = "code" in error ? error.code : undefined;
  assert.equal(seen, code, `expected code ${code}, got ${String(seen)}: ${error.message}`);
}

/**
 * Asserts that the promise, or the one that the function returns, rejects with this code. Returns the error.
 */
export async function rejectsWithCode(
  work: Promise<unknown> | (() => Promise<unknown>),
  code: string,
): Promise<CodedError> {
  let value: unknown;
  try {
    value = await (typeof work === "function" ? work() : work);
  } catch (error) {
    assertCode(error, code);
    return error;
  }
  assert.fail(`expected a rejection with code ${code}, got ${String(value)}`);
}

/** Asserts that the function throws an error with this code. Returns the error. */
export function throwsWithCode(work: () => unknown, code: string): CodedError {
  let value: unknown;
  try {
    value = work();
  } catch (error) {
    assertCode(error, code);
    return error;
  }
  assert.fail(`expected code ${code} to be thrown, got ${String(value)}`);
}
