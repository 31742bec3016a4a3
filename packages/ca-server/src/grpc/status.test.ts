import assert from "node:assert/strict";
import { decodeErrorInfo, decodeRetryAfterMs } from "@kasbah/protocol";
import { grpcStatus } from "@kasbah/runtime/rpc";
import { CaError, type CaErrorCode } from "../errors.ts";
import { type Refusal, refusalOf } from "./status.ts";
import { statusTable } from "./status-table.ts";

const codes = Object.keys(statusTable) as CaErrorCode[];
const reason = "the reason";
const facts = { expected: "this", seen: "that", fix: "do so", rule: "payments" };
const refuse = (code: CaErrorCode) =>
  refusalOf(new CaError(code, reason, { ...facts, cause: new Error("the cause") }), "abc123");
const errorInfoOf = ({ status }: Refusal) => decodeErrorInfo(status.details ?? Buffer.alloc(0));

describe("refusalOf", () => {
  it("hides the text of errors without a code, and of errors with a code of another package", () => {
    const foreign = Object.assign(new Error("/var/lib/kasbah/ca-key.pem"), { code: "TOKEN_MISSING" });
    for (const thrown of [foreign, new TypeError("x is undefined"), "text", undefined, null]) {
      const refusal = refusalOf(thrown, "abc123");
      const { details: _, ...status } = refusal.status;
      assert.deepEqual(status, { code: grpcStatus.INTERNAL, message: "internal error (reference abc123)" });
      assert.equal(refusal.code, "INTERNAL");
      const metadata = { referenceId: "abc123" };
      assert.deepEqual(errorInfoOf(refusal), { reason: "INTERNAL", domain: "kasbah", metadata });
    }
  });

  it("never includes the cause of an error", () => {
    for (const code of codes) {
      const { message, details } = refuse(code).status;
      assert.doesNotMatch(`${message} ${Buffer.from(details ?? [])}`, /the cause/, code);
    }
  });

  it("includes the reason if and only if the caller can fix the problem", () => {
    for (const code of codes) {
      const { row, status } = refuse(code);
      assert.equal(status.message.includes(reason), row.discloses === "reason", code);
      assert.match(status.message, /\(reference abc123\)$/);
    }
    const sentence = "the reason, by the rule payments, expected this, seen that: do so";
    assert.equal(refuse("TOKEN_AUDIENCE").status.message, `TOKEN_AUDIENCE: ${sentence} (reference abc123)`);
    const bare = refusalOf(new CaError("TOKEN_AUDIENCE", reason), "abc123");
    assert.equal(bare.status.message, "TOKEN_AUDIENCE: the reason (reference abc123)");
    assert.equal(refuse("LINT_FAILED").status.message, "internal error (reference abc123)");
  });

  it("returns to programs the same facts as the message and no others", () => {
    for (const code of codes) {
      const refusal = refuse(code);
      const { discloses } = refusal.row;
      const metadata = discloses === "reason" ? { problem: reason, ...facts } : {};
      assert.deepEqual(
        errorInfoOf(refusal),
        { reason: code, domain: "kasbah", metadata: { ...metadata, referenceId: "abc123" } },
        code,
      );
    }
    const bare = refusalOf(new CaError("TOKEN_AUDIENCE", reason), "abc123");
    assert.deepEqual(errorInfoOf(bare)?.metadata, { problem: reason, referenceId: "abc123" });
  });

  it("cuts long texts so that the trailers stay below the limit of peers", () => {
    const long = "x".repeat(5_000);
    const all = { expected: long, seen: long, fix: long, rule: long };
    const { status } = refusalOf(new CaError("TOKEN_AUDIENCE", long, all), "abc123");
    const trailers = `${status.message}${Buffer.from(status.details ?? []).toString("base64")}`;
    assert.ok(trailers.length < 4_096, `${trailers.length}`);
    assert.match(status.message, /… \(reference abc123\)$/);
  });

  it("requests a retry if and only if a retry can help, in both forms that clients read", () => {
    for (const code of codes) {
      const { status } = refuse(code);
      const isRetriable =
        status.code === grpcStatus.UNAVAILABLE || status.code === grpcStatus.RESOURCE_EXHAUSTED;
      assert.equal(status.retryAfterMs, isRetriable ? 1000 : undefined, code);
      assert.equal(
        status.details && decodeRetryAfterMs(status.details),
        isRetriable ? 1000 : undefined,
        code,
      );
    }
  });

  it("requests the delay that the refusal specifies, and none for codes without a retry", () => {
    const waiting = (code: CaErrorCode) =>
      refusalOf(new CaError(code, reason, { retryAfterMs: 12_345 }), "abc123").status;
    for (const code of ["RATE_LIMITED", "AUTHENTICATOR_UNAVAILABLE"] as const) {
      const { retryAfterMs, details } = waiting(code);
      assert.equal(retryAfterMs, 12_345, code);
      assert.equal(details && decodeRetryAfterMs(details), 12_345, code);
    }
    assert.equal(waiting("TOKEN_EXPIRED").retryAfterMs, undefined);
  });

  it("answers unauthenticated callers with UNAUTHENTICATED, never PERMISSION_DENIED, as stock CAs do", () => {
    const statusOf = (code: CaErrorCode) => statusTable[code].status;
    const unauthenticated = codes.filter((code) => /^(TOKEN|CALLER|IMPERSONATION)_/.test(code));
    assert.equal(unauthenticated.length, 8);
    const others = ["CLIENT_CERTIFICATE_REJECTED", "CREDENTIALS_CONFLICT"] as const;
    for (const code of [...unauthenticated, ...others])
      assert.equal(statusOf(code), grpcStatus.UNAUTHENTICATED, code);
    for (const code of codes.filter((each) => /^(CSR|REQUEST|TTL)_/.test(each))) {
      assert.equal(statusOf(code), grpcStatus.INVALID_ARGUMENT, code);
    }
    for (const code of codes.filter((each) => each.endsWith("_UNAVAILABLE"))) {
      assert.equal(statusOf(code), grpcStatus.UNAVAILABLE, code);
    }
  });

  it("distinguishes a denied identity from too many calls of an authenticated caller", () => {
    assert.equal(statusTable.IDENTITY_NOT_ALLOWED.status, grpcStatus.PERMISSION_DENIED);
    assert.equal(statusTable.RATE_LIMITED.status, grpcStatus.RESOURCE_EXHAUSTED);
    assert.equal(statusTable.OVERLOADED.status, grpcStatus.RESOURCE_EXHAUSTED);
  });

  it("logs no refusal that an unauthenticated caller can cause as an error", () => {
    for (const code of codes) {
      const { status, level } = statusTable[code];
      const isOurs = status === grpcStatus.UNAVAILABLE || status === grpcStatus.INTERNAL;
      assert.equal(level === "error", isOurs, code);
    }
  });
});
