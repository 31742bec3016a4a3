import { grpcStatus } from "@kasbah/runtime/rpc";
import type { CaErrorCode } from "../errors.ts";

/** The Prometheus alert that counts a refusal: outages and overload have their own, all others share one rate. */
export type RefusalAlert =
  | "KasbahAuthenticatorUnavailable"
  | "KasbahCannotIssue"
  | "KasbahOverloaded"
  | "KasbahHighRefusalRate";

/** How one code is answered, logged, counted and alerted on. */
export interface StatusRow {
  readonly status: number;
  /** `reason`: the error's message; `retry`: a request to retry; `nothing`: only the reference id. */
  readonly discloses: "reason" | "retry" | "nothing";
  /** `error` only if an operator must act; an unauthenticated caller can never cause one. */
  readonly level: "info" | "warn" | "error";
  /** Istio's counter: failed authentication, or the label of `citadel_server_csr_sign_err_count`. */
  readonly citadel:
    | "authentication"
    | "CA_NOT_READY"
    | "CSR_ERROR"
    | "TTL_ERROR"
    | "CERT_GEN_ERROR"
    | "UNKNOWN";
  readonly alert: RefusalAlert;
}

const { UNAUTHENTICATED, PERMISSION_DENIED, INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNAVAILABLE, INTERNAL } =
  grpcStatus;
const refused = { discloses: "reason", level: "info", alert: "KasbahHighRefusalRate" } as const;
const unauthenticated = { ...refused, status: UNAUTHENTICATED, citadel: "authentication" } as const;
const badRequest = { ...refused, status: INVALID_ARGUMENT, citadel: "CSR_ERROR" } as const;
const throttled = { ...refused, status: RESOURCE_EXHAUSTED, citadel: "UNKNOWN" } as const;
const outage = {
  status: UNAVAILABLE,
  discloses: "retry",
  level: "error",
  alert: "KasbahCannotIssue",
} as const;

/**
 * The only table from code to gRPC status, public text, log level and alert. A code without a row does not compile.
 */
export const statusTable = {
  TOKEN_MISSING: unauthenticated,
  TOKEN_EXPIRED: unauthenticated,
  TOKEN_AUDIENCE: unauthenticated,
  TOKEN_ISSUER: unauthenticated,
  TOKEN_REJECTED: unauthenticated,
  CALLER_NOT_SERVICE_ACCOUNT: unauthenticated,
  CALLER_DELETED: unauthenticated,
  CLIENT_CERTIFICATE_REJECTED: unauthenticated,
  CREDENTIALS_CONFLICT: { ...unauthenticated, level: "warn" },
  IMPERSONATION_REFUSED: { ...unauthenticated, level: "warn" },
  AUTHENTICATOR_UNAVAILABLE: {
    ...outage,
    citadel: "authentication",
    alert: "KasbahAuthenticatorUnavailable",
  },
  OUTSIDE_ISSUER_SCOPE: { ...badRequest, status: PERMISSION_DENIED, level: "warn", citadel: "UNKNOWN" },
  IDENTITY_NOT_ALLOWED: { ...badRequest, status: PERMISSION_DENIED, level: "warn", citadel: "UNKNOWN" },
  RATE_LIMITED: throttled,
  OVERLOADED: { ...throttled, alert: "KasbahOverloaded" },
  REQUEST_MALFORMED: badRequest,
  CSR_MALFORMED: badRequest,
  CSR_KEY_REJECTED: badRequest,
  CSR_SIGNATURE_INVALID: badRequest,
  CSR_IDENTITY_MISMATCH: badRequest,
  TTL_TOO_LONG: { ...badRequest, citadel: "TTL_ERROR" },
  ISSUER_UNAVAILABLE: { ...outage, citadel: "CA_NOT_READY" },
  CLOCK_SUSPECT: { ...outage, citadel: "CA_NOT_READY" },
  LEDGER_UNAVAILABLE: { ...outage, citadel: "UNKNOWN" },
  LINT_FAILED: { ...outage, status: INTERNAL, discloses: "nothing", citadel: "CERT_GEN_ERROR" },
} satisfies Record<CaErrorCode, StatusRow>;
