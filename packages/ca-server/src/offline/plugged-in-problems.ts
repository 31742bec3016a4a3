import type { Clock } from "@kasbah/runtime";
import type { ServerConfig } from "../config/config.ts";
import { StateError } from "../errors.ts";
import { trySet } from "./try-set.ts";

/** Tries the CA that `--root-ca-dir` names. Returns the reason why kasbah-server would refuse it, if any. */
export async function pluggedInProblems(config: ServerConfig, clock: Clock): Promise<readonly string[]> {
  const { rootCaDir: directory, trustedNodeAccount, policy } = config;
  if (directory === undefined) return [];
  try {
    await trySet({ directory }, { ...config, policy, hasNodeProxies: trustedNodeAccount.length > 0, clock });
    return [];
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return [`--root-ca-dir: ${error.message} (${error.code})`];
  }
}
