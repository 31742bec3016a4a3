import { join } from "node:path";
import { CliError } from "../../errors.ts";
import type { DevDeps } from "../dev-deps.ts";
import { DevStore } from "../folder/dev-store.ts";
import type { CaRecord, DevDocument } from "../folder/document.ts";
import { withFileLock } from "../folder/file-lock.ts";
import type { Layout } from "../folder/layout.ts";
import { isRunning } from "../process/process-mark.ts";
import { usageError } from "../settings/usage-error.ts";
import { startCa } from "./start-ca.ts";
import { isAnswering, untilReady } from "./until-ready.ts";

export const defaultTrustDomain = "cluster.local";

/** A running CA. */
export interface RunningCa {
  readonly ca: CaRecord;
  readonly trustDomain: string;
  /** False if it already ran. */
  readonly isNew: boolean;
}

/** The patience of a command while another one starts the CA. */
const startWithinMs = 120_000;
/** The limit of a Unix socket's path. */
const maxSocketPathBytes = 107;

/**
 * Starts the CA of a folder unless it runs. Commands that do so at the same time start one CA.
 *
 * @throws CliError `PROCESS_FAILED` or `NOT_READY` with the end of its log, `USAGE_INVALID` if the folder has
 * another trust domain
 */
export async function ensureCa(
  layout: Layout,
  wanted: string | undefined,
  deps: DevDeps,
): Promise<RunningCa> {
  refuseLongPath(layout);
  const { clock, signal } = deps;
  const store = new DevStore(layout, { clock, trustDomain: wanted ?? defaultTrustDomain });
  const running = await findRunning(store, wanted, layout, deps);
  if (running !== undefined && (await isAnswering(running.ca, layout, deps))) return running;
  const patience = { clock, signal, deadlineMs: startWithinMs };
  return withFileLock(layout.startLock, patience, async () => {
    const another = await findRunning(store, wanted, layout, deps);
    if (another !== undefined) {
      await untilReady(another.ca, layout, deps);
      return another;
    }
    const ca = await startCa(layout, store, deps);
    return { ca, trustDomain: (await store.read()).trustDomain, isNew: true };
  });
}

/** The CA that another command has started; it may not be ready. */
async function findRunning(
  store: DevStore,
  wanted: string | undefined,
  layout: Layout,
  deps: DevDeps,
): Promise<RunningCa | undefined> {
  const document = await store.read();
  refuseOtherTrustDomain(layout, document, wanted);
  const { trustDomain, ca } = document;
  const isStarted = ca !== undefined && (await isRunning(ca, deps));
  return isStarted ? { ca, trustDomain, isNew: false } : undefined;
}

function refuseOtherTrustDomain(
  { folder }: Layout,
  { trustDomain }: DevDocument,
  wanted: string | undefined,
): void {
  if (wanted === undefined || wanted === trustDomain) return;
  throw usageError(
    `--trust-domain ${wanted}: the CA in ${folder} has the trust domain ${trustDomain}; choose another folder with --dir, or start over with kasbah dev down --purge`,
  );
}

/** The CA's socket for operators is in its state directory. */
function refuseLongPath({ folder, caState }: Layout): void {
  if (Buffer.byteLength(join(caState, "admin.sock")) <= maxSocketPathBytes) return;
  throw new CliError(
    "DEV_FOLDER_UNUSABLE",
    `the path ${folder} is too long for the CA's socket: choose a folder with a shorter path with --dir`,
  );
}
