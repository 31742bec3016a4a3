import {
  findStartObstacles,
  readOfflineOverview,
  readOfflineStatus,
  StateError,
} from "@kasbah/ca-server/state";
import { LedgerError, ledgerDirectoryAt, ledgersIn, readLedgerEnd, volumeOf } from "@kasbah/ledger";
import type { AuthorityStatusMessage, OverviewMessage } from "@kasbah/protocol";
import { type Clock, errnoOf } from "@kasbah/runtime";
import type { AdminClient } from "../../authority/admin-client.ts";
import { forbidden } from "../../authority/admin-failure.ts";
import { CliError } from "../../errors.ts";
import { RefusalCollector } from "../../refusals/refusal-list.ts";
import { refusesNow } from "../sections/recent.ts";
import type { RefusalSample, ReplicaFacts } from "../status-facts.ts";
import { newestOfEachCode, refusalWindowMs, sampledRefusals } from "./newest-refusals.ts";

export interface MachineDeps {
  readonly clock: Clock;
  readonly client: Pick<AdminClient, "status" | "ownOverview">;
  /** Undefined if only the socket of the CA is known. */
  readonly stateDirectory: string | undefined;
  /** Whether this machine is a pod of a cluster, in which the keys and the state may be in a Secret. */
  readonly isPod: boolean;
}

/** A fraction of a second, also with --watch. */
const mostLedgerBytes = 8 * 1024 * 1024;

/**
 * Reads how the CA on this machine is; if none answers, what its state directory shows.
 *
 * @throws CliError `ADMIN_UNREACHABLE` if there is neither, `ADMIN_FORBIDDEN`, `ADMIN_FAILED`
 */
export async function readMachine(deps: MachineDeps): Promise<ReplicaFacts> {
  try {
    return await readRunning(deps);
  } catch (error) {
    const isAway = error instanceof CliError && error.code === "ADMIN_UNREACHABLE";
    if (!isAway || deps.stateDirectory === undefined) throw error;
    return await readStopped(deps.stateDirectory, error, deps);
  }
}

async function readRunning(deps: MachineDeps): Promise<ReplicaFacts> {
  const { client } = deps;
  const missing: string[] = [];
  let overview: OverviewMessage | undefined;
  try {
    overview = await withVolume(await client.ownOverview({ forMerging: false }), deps.stateDirectory);
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== "ADMIN_OUTDATED") throw error;
    missing.push(outdated);
  }
  const authorities = await client.status();
  const refusals = overview === undefined ? [] : await newestRefusals(overview, deps, missing);
  return { replica: "", ...(overview === undefined ? {} : { overview }), authorities, refusals, missing };
}

/** The CA measures its volume every ten seconds; a disk that has just filled up shows at once. */
async function withVolume(
  overview: OverviewMessage,
  stateDirectory: string | undefined,
): Promise<OverviewMessage> {
  if (stateDirectory === undefined) return overview;
  const { ledger } = overview;
  const { free, size } = await volumeOf(stateDirectory).catch(() => ({
    ...{ free: ledger.diskFree, size: ledger.diskSize },
  }));
  return { ...overview, ledger: { ...ledger, diskFree: free, diskSize: size } };
}

export const outdated =
  "the CA has an earlier release, which reports only its authorities: not whether it is ready, nor refusals, identities, ledger and clock";

/** The end of the ledger suffices, however long it is. Without it, the codes are known all the same. */
async function newestRefusals(
  overview: OverviewMessage,
  { stateDirectory }: MachineDeps,
  missing: string[],
): Promise<readonly RefusalSample[]> {
  if (stateDirectory === undefined || !refusesNow(overview.activity)) return [];
  const since = new Date(overview.now.getTime() - refusalWindowMs);
  const collector = new RefusalCollector({ since, code: undefined, address: undefined });
  try {
    await readLedgerEnd(ledgerDirectoryAt(ledgersIn(stateDirectory)), mostLedgerBytes, {
      onEntry: (entry) => void (entry.kind === "refused" && collector.add(entry)),
      onUnauthenticated: (line) => void (line.kind === "refused" && collector.add(line)),
    });
    return newestOfEachCode(collector.list(sampledRefusals).refusals);
  } catch (error) {
    if (!(error instanceof LedgerError) && errnoOf(error) === undefined) throw error;
    missing.push(`the callers that were refused: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}

async function readStopped(directory: string, away: CliError, deps: MachineDeps): Promise<ReplicaFacts> {
  const { clock, isPod } = deps;
  try {
    const stored = await storedAuthorities(directory, clock);
    const obstacles = await findStartObstacles(directory, { mayBeElsewhere: isPod, clock });
    // If no CA has ever run here, the missing socket explains more than the missing state.
    if (stored === undefined && obstacles.length === 0) throw away;
    const overview = await readOfflineOverview(directory, clock.now());
    const authorities = stored === undefined ? {} : { authorities: stored };
    const failure = "no CA answers at its admin socket";
    return { replica: "", overview, ...authorities, failure, stopped: { obstacles }, missing: [] };
  } catch (error) {
    if (isDenied(error)) throw await forbidden(directory, { cause: error });
    throw error;
  }
}

async function storedAuthorities(
  directory: string,
  clock: Clock,
): Promise<AuthorityStatusMessage | undefined> {
  try {
    return await readOfflineStatus(directory, clock.now());
  } catch (error) {
    // The obstacles name it.
    if (error instanceof StateError && !isDenied(error)) return undefined;
    throw error;
  }
}

function isDenied(error: unknown): boolean {
  const cause = error instanceof StateError || error instanceof LedgerError ? error.cause : error;
  return errnoOf(cause) === "EACCES";
}
