import { adoptChainOffline, createRequestOffline } from "@kasbah/ca-server/state";
import type { NewRequestMessage, SignedChainMessage } from "@kasbah/protocol";
import { createLogger } from "@kasbah/runtime";
import type { AuthorityStatusMessage } from "../../authority/admin-client.ts";
import { CliError } from "../../errors.ts";
import { type CaLocation, offlineDirectoryOf, operatorClientOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

/** Where the CA is, running or stopped. */
export interface RequestLocation extends CaLocation {
  /** Decrypts the keys of a stopped CA. */
  readonly keyPassphraseFile?: string;
}

export function createRequest(at: RequestLocation, deps: CommandDeps): Promise<NewRequestMessage> {
  const client = operatorClientOf(at, deps);
  return orStopped(() => client.createRequest(), createRequestOffline, at, deps);
}

export function adoptChain(
  signed: SignedChainMessage,
  at: RequestLocation,
  deps: CommandDeps,
): Promise<AuthorityStatusMessage> {
  const client = operatorClientOf(at, deps);
  const offline = (...args: Parameters<typeof createRequestOffline>) => adoptChainOffline(signed, ...args);
  return orStopped(() => client.adoptChain(signed), offline, at, deps);
}

/** If no CA answers, works on the state directory, which no CA may use meanwhile. */
async function orStopped<T>(
  running: () => Promise<T>,
  stopped: (...args: Parameters<typeof createRequestOffline>) => Promise<T>,
  at: RequestLocation,
  deps: CommandDeps,
): Promise<T> {
  try {
    return await running();
  } catch (error) {
    const stateDir = offlineDirectoryOf(at, deps);
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || stateDir === undefined) throw error;
    const { clock, pid, hostname, stderr } = deps;
    const logger = createLogger({ level: "warn", format: "pretty", stream: stderr });
    const holder = { pid, hostname, clock };
    return stopped({ stateDir, passphraseFile: at.keyPassphraseFile }, { clock, logger, holder });
  }
}
