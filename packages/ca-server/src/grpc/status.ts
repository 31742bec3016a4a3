import { encodeStatusDetails } from "@kasbah/protocol";
import { grpcStatus, type RpcStatus } from "@kasbah/runtime/grpc";
import { CaError, type CaErrorCode } from "../errors.ts";

/** How one code is answered, logged and counted. */
export interface StatusRow {
  readonly status: number;
  /** `reason`: the error's message; `later`: to try again; `nothing`: the reference id alone. */
  readonly told: "reason" | "later" | "nothing";
  /** What an operator must act on is an error; what any stranger can cause is not. */
  readonly level: "info" | "warn" | "error";
  /** Istio's counter: failed authentication, or the label of `citadel_server_csr_sign_err_count`. */
  readonly citadel:
    | "authentication"
    | "CA_NOT_READY"
    | "CSR_ERROR"
    | "TTL_ERROR"
    | "CERT_GEN_ERROR"
    | "UNKNOWN";
}

const { UNAUTHENTICATED, INVALID_ARGUMENT, UNAVAILABLE, INTERNAL } = grpcStatus;
const stranger = {
  status: UNAUTHENTICATED,
  told: "reason",
  level: "info",
  citadel: "authentication",
} as const;
const badRequest = { status: INVALID_ARGUMENT, told: "reason", level: "info", citadel: "CSR_ERROR" } as const;
const outage = { status: UNAVAILABLE, told: "later", level: "error" } as const;

/** The one table from code to gRPC status, public text and log level; a code without a row does not compile. */
export const statusTable = {
  TOKEN_MISSING: stranger,
  TOKEN_EXPIRED: stranger,
  TOKEN_AUDIENCE: stranger,
  TOKEN_ISSUER: stranger,
  TOKEN_REJECTED: stranger,
  CALLER_NOT_SERVICE_ACCOUNT: stranger,
  IMPERSONATION_REFUSED: { ...stranger, level: "warn" },
  AUTHENTICATOR_UNAVAILABLE: { ...outage, citadel: "authentication" },
  REQUEST_MALFORMED: badRequest,
  CSR_MALFORMED: badRequest,
  CSR_KEY_REJECTED: badRequest,
  CSR_SIGNATURE_INVALID: badRequest,
  TTL_TOO_LONG: { ...badRequest, citadel: "TTL_ERROR" },
  ISSUER_UNAVAILABLE: { ...outage, citadel: "CA_NOT_READY" },
  LEDGER_UNAVAILABLE: { ...outage, citadel: "UNKNOWN" },
  LINT_FAILED: { status: INTERNAL, told: "nothing", level: "error", citadel: "CERT_GEN_ERROR" },
} satisfies Record<CaErrorCode, StatusRow>;

const unknownRow: StatusRow = { status: INTERNAL, told: "nothing", level: "error", citadel: "UNKNOWN" };
/** Stock agents try five times within 1.5 s by themselves; this asks them for the last of those waits. */
const retryAfterMs = 1_000;

/** A refusal as it is answered, logged and counted. */
export interface Refusal {
  /** Of our codes, or `INTERNAL` for what has none. */
  readonly code: CaErrorCode | "INTERNAL";
  readonly row: StatusRow;
  readonly status: RpcStatus;
}

/** Maps whatever was thrown; text of errors that have no row never gets out. */
export function refusalOf(error: unknown, referenceId: string): Refusal {
  if (!(error instanceof CaError)) return refusal("INTERNAL", unknownRow, "", referenceId);
  return refusal(error.code, statusTable[error.code], error.message, referenceId);
}

function refusal(code: Refusal["code"], row: StatusRow, reason: string, referenceId: string): Refusal {
  const message = `${publicText(code, row, reason)} (reference ${referenceId})`;
  return {
    code,
    row,
    status: row.told === "later" ? retriable(row.status, message) : { code: row.status, message },
  };
}

function publicText(code: string, { told }: StatusRow, reason: string): string {
  if (told === "reason") return `${code}: ${reason}`;
  return told === "later" ? `${code}: try again later` : "internal error";
}

function retriable(code: number, message: string): RpcStatus {
  return { code, message, retryAfterMs, details: encodeStatusDetails({ code, message, retryAfterMs }) };
}
