import { CliError, type CliErrorCode } from "../errors.ts";
import type { RunKubectl } from "../kubectl/kubectl.ts";
import { execKasbah, type PodCall } from "./exec-kasbah.ts";

/** Above what the command in the pod allows the CA for an act. */
const deadlineMs = 90_000;

/** The failures that leave open whether something was done, and what they are called then. */
const uncertain: Partial<Record<CliErrorCode, CliErrorCode>> = {
  ADMIN_UNREACHABLE: "ADMIN_FAILED",
  TARGET_REPLY_INVALID: "TARGET_REPLY_INVALID",
  INTERRUPTED: "INTERRUPTED",
};

/** Runs what may change something. When nobody knows whether it did, the failure says so. @throws CliError as `execKasbah` */
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
