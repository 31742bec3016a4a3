import assert from "node:assert/strict";
import { decodeRetryAfterMs } from "@kasbah/protocol";
import { grpcStatus } from "@kasbah/runtime/grpc";
import { CaError, type CaErrorCode } from "../errors.ts";
import { refusalOf, statusTable } from "./status.ts";

const codes = Object.keys(statusTable) as CaErrorCode[];
const reason = "the reason";
const refuse = (code: CaErrorCode) =>
  refusalOf(new CaError(code, reason, { cause: new Error("the cause") }), "abc123");

describe("The table of refusals", () => {
  it("lets no text out of errors that have no code, or a code of another package", () => {
    const foreign = Object.assign(new Error("/var/lib/kasbah/ca-key.pem"), { code: "TOKEN_MISSING" });
    for (const thrown of [foreign, new TypeError("x is undefined"), "text", undefined, null]) {
      const { code, status } = refusalOf(thrown, "abc123");
      assert.deepEqual(status, { code: grpcStatus.INTERNAL, message: "internal error (reference abc123)" });
      assert.equal(code, "INTERNAL");
    }
  });

  it("never tells a cause", () => {
    for (const code of codes) assert.doesNotMatch(refuse(code).status.message, /the cause/);
  });

  it("tells a reason for what the caller can mend, and only there", () => {
    for (const code of codes) {
      const { row, status } = refuse(code);
      assert.equal(status.message.includes(reason), row.told === "reason", code);
      assert.match(status.message, /\(reference abc123\)$/);
    }
    assert.equal(refuse("TOKEN_AUDIENCE").status.message, "TOKEN_AUDIENCE: the reason (reference abc123)");
    assert.equal(refuse("LINT_FAILED").status.message, "internal error (reference abc123)");
  });

  it("asks to try again exactly where trying again can help, in both forms that clients read", () => {
    for (const code of codes) {
      const { status } = refuse(code);
      const isRetriable = status.code === grpcStatus.UNAVAILABLE;
      assert.equal(status.retryAfterMs, isRetriable ? 1000 : undefined, code);
      assert.equal(
        status.details && decodeRetryAfterMs(status.details),
        isRetriable ? 1000 : undefined,
        code,
      );
    }
  });

  it("follows stock CAs: strangers are UNAUTHENTICATED, never PERMISSION_DENIED", () => {
    const statusOf = (code: CaErrorCode) => statusTable[code].status;
    const strangers = codes.filter((code) => /^(TOKEN|CALLER|IMPERSONATION)_/.test(code));
    assert.equal(strangers.length, 7);
    for (const code of strangers) assert.equal(statusOf(code), grpcStatus.UNAUTHENTICATED, code);
    for (const code of codes.filter((each) => /^(CSR|REQUEST|TTL)_/.test(each))) {
      assert.equal(statusOf(code), grpcStatus.INVALID_ARGUMENT, code);
    }
    for (const code of codes.filter((each) => each.endsWith("_UNAVAILABLE"))) {
      assert.equal(statusOf(code), grpcStatus.UNAVAILABLE, code);
    }
  });

  it("lets no stranger fill the error log", () => {
    for (const code of codes) {
      const { status, level } = statusTable[code];
      const isOurs = status === grpcStatus.UNAVAILABLE || status === grpcStatus.INTERNAL;
      assert.equal(level === "error", isOurs, code);
    }
  });
});
