import { CliError, type CliErrorCode } from "../errors.ts";
import type { RunKubectl } from "../kubectl/kubectl.ts";
import { execKasbah, type PodCall } from "./exec-kasbah.ts";

/** Longer than the deadline that the command in the pod allows for an operation. */
const deadlineMs = 90_000;

/** Failures after which an operation may have completed, and the codes to report for them. */
const uncertain: Partial<Record<CliErrorCode, CliErrorCode>> = {
  ADMIN_UNREACHABLE: "ADMIN_FAILED",
  TARGET_REPLY_INVALID: "TARGET_REPLY_INVALID",
  INTERRUPTED: "INTERRUPTED",
};

/**
 * Runs a command that may change something. If it is unknown whether it did, the error says so. @throws
 * CliError as `execKasbah`
 */
export async function execAct<Answer>(call: PodCall<Answer>, kubectl: RunKubectl): Promise<Answer> {
  try {
    return await execKasbah(call, kubectl, deadlineMs);
  } catch (error) {
    const code = error instanceof CliError ? uncertain[error.code] : undefined;
    if (!(error instanceof CliError) || code === undefined) throw error;
    const advice =
      "the operation may have completed or may still complete: check kasbah authority status with the same flags";
    throw new CliError(code, `${error.message}; ${advice}`, { cause: error });
  }
}
