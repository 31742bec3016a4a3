import assert from "node:assert/strict";
import { decodeErrorInfo, decodeRetryAfterMs, encodeStatusDetails } from "@kasbah/protocol";
import { textMutants } from "../mutants.ts";
import { read, type Target } from "../target.ts";

const errorInfo = {
  reason: "RATE_LIMITED",
  domain: "kasbah",
  metadata: { problem: "too many", referenceId: "r" },
};
const trailers = [
  encodeStatusDetails({ code: 8, message: "RATE_LIMITED: too many", errorInfo, retryAfterMs: 1_500 }),
  encodeStatusDetails({ code: 16, message: "" }),
];
const words = [
  "\u0000",
  "\u0012",
  "type.googleapis.com/google.rpc.ErrorInfo",
  "\n\t__proto__",
  "\u007f\u007f",
];

/**
 * The trailer of a refused call, as a client parses it. It may throw any error; the caller catches all of
 * them.
 */
export const statusDetails: Target = {
  name: "status-details",
  valid: trailers,
  inputs: textMutants(trailers, words),
  check(trailer) {
    const isError = (error: unknown) => error instanceof Error;
    const info = read(() => decodeErrorInfo(trailer), isError);
    const wait = read(() => decodeRetryAfterMs(trailer), isError);
    assert.equal(Object.hasOwn(Object.prototype, "problem"), false);
    if (info?.value !== undefined) checkTexts(Object.values(info.value.metadata));
    if (wait?.value !== undefined) assert.ok(Number.isFinite(wait.value), "the wait is not a number");
    return info === undefined && wait === undefined ? "refused" : "accepted";
  },
};

function checkTexts(values: readonly unknown[]): void {
  assert.ok(
    values.every((value) => typeof value === "string"),
    "a fact is not a string",
  );
}
