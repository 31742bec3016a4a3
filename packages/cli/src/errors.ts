import { MeshError } from "@kasbah/pki";

export type CliErrorCode =
  | "ENVOY_MISSING"
  | "ENVOY_INSTALL_FAILED"
  | "ENVOY_ADMIN_FAILED"
  | "OPENSSL_FAILED"
  | "PROCESS_FAILED"
  | "NOT_READY"
  | "PROOF_FAILED"
  | "ADMIN_UNREACHABLE"
  | "ADMIN_FORBIDDEN"
  | "ADMIN_FAILED"
  | "OPERATION_REFUSED"
  | "ROTATION_ABORTED"
  | "TARGET_INVALID"
  | "TARGET_UNREACHABLE"
  | "TARGET_REPLY_INVALID"
  | "INTERRUPTED"
  | "OUTPUT_CLOSED";

/** A refusal or failure of the `kasbah` command: a stable code and a message with the fix. */
export class CliError extends MeshError<CliErrorCode> {}
