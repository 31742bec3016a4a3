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
  | "ADMIN_OUTDATED"
  | "OPERATION_REFUSED"
  | "ROTATION_ABORTED"
  | "TARGET_INVALID"
  | "TARGET_UNREACHABLE"
  | "TARGET_REPLY_INVALID"
  | "USAGE_INVALID"
  | "DEV_FOLDER_MISSING"
  | "DEV_FOLDER_UNUSABLE"
  | "DEV_CA_STOPPED"
  | "PORT_TAKEN"
  | "CONSOLE_ASSETS_MISSING"
  | "CONSOLE_REQUEST_FOREIGN"
  | "CONSOLE_REQUEST_INVALID"
  | "CONSOLE_SESSION_MISSING"
  | "CONSOLE_LINK_USED"
  | "PROGRAM_MISSING"
  | "UPSTREAM_UNKNOWN"
  | "INTERRUPTED"
  | "OUTPUT_CLOSED";

/** A refusal or failure of the `kasbah` command: a stable code and a message with the fix. */
export class CliError extends MeshError<CliErrorCode> {}
