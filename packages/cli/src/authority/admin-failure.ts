import { stat } from "node:fs/promises";
import { grpcStatus, RpcError } from "@kasbah/runtime/rpc";
import { CliError } from "../errors.ts";

export interface AdminCall {
  /** Path of the socket. */
  readonly path: string;
  /** Whether the call may have changed something before it failed. */
  readonly isAct: boolean;
}

/**
 * Explains why a call to the admin socket failed, as a CliError with advice. Returns other errors unchanged.
 */
export async function explainAdminFailure(error: unknown, { path, isAct }: AdminCall): Promise<unknown> {
  if (!(error instanceof RpcError)) return error;
  const { code, message } = error;
  const options = { cause: error };
  if (code === grpcStatus.FAILED_PRECONDITION) {
    return new CliError("OPERATION_REFUSED", message.replace(/^OPERATION_REFUSED: /, ""), options);
  }
  if (code === grpcStatus.DEADLINE_EXCEEDED) {
    if (!isAct) return unreachable(path, "no answer in time", options);
    const advice = "it may still complete the operation: check kasbah authority status";
    return new CliError("ADMIN_FAILED", `the CA did not answer in time; ${advice}`, options);
  }
  if (code === grpcStatus.UNIMPLEMENTED) {
    const advice = "it runs an earlier release: upgrade it, or use the command of that release";
    return new CliError("ADMIN_OUTDATED", `the CA does not know this operation: ${advice}`, options);
  }
  const isOwnWord = /^[A-Z_]+: /.test(message);
  if (code !== grpcStatus.UNAVAILABLE || isOwnWord) {
    return new CliError("ADMIN_FAILED", `the CA reported an error: ${message}`, options);
  }
  // The transport includes the name of the system error in its message.
  if (message.includes("EACCES")) return forbidden(path, options);
  return unreachable(path, message.includes("ENOENT") ? "no such socket" : "nothing answers", options);
}

/** An error for a path that belongs to another user, who is named if known. */
export async function forbidden(path: string, options: ErrorOptions): Promise<CliError> {
  const owner = await stat(path).then(
    ({ uid }) => ` (uid ${uid})`,
    () => "",
  );
  const advice = `only its owner${owner} has access: run the command as that user`;
  return new CliError("ADMIN_FORBIDDEN", `no access to ${path}: ${advice}`, options);
}

function unreachable(path: string, reason: string, options: ErrorOptions): CliError {
  const advice = "start kasbah-server, or set --state-dir or --admin-socket";
  return new CliError("ADMIN_UNREACHABLE", `no CA at ${path}: ${reason}; ${advice}`, options);
}
