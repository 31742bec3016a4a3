import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, printableText } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import { isStatusReady } from "../../mesh/processes/ready.ts";
import type { DevDeps } from "../dev-deps.ts";
import { DevStore } from "../folder/dev-store.ts";
import type { CaRecord, DevDocument } from "../folder/document.ts";
import { withFileLock } from "../folder/file-lock.ts";
import { withFolderErrors } from "../folder/folder-error.ts";
import type { Layout } from "../folder/layout.ts";
import { endProcess } from "../process/end-process.ts";
import { isRunning, processMark } from "../process/process-mark.ts";
import { usageError } from "../settings/usage-error.ts";
import { ensureTokenIssuer } from "../tokens.ts";
import { chooseCaAddresses } from "./choose-ports.ts";
import { devPolicy } from "./dev-policy.ts";
import { spawnCa } from "./spawn-ca.ts";
import { startLockPath } from "./start-lock.ts";

/** A running CA. */
export interface RunningCa {
  readonly ca: CaRecord;
  readonly trustDomain: string;
  /** False if it already ran. */
  readonly isNew: boolean;
}

const readyWithinMs = 60_000;
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
  if (running !== undefined) return running;
  const lock = await startLockPath(layout, deps);
  return withFileLock(lock, { clock, signal, deadlineMs: 2 * readyWithinMs }, async () => {
    const another = await findRunning(store, wanted, layout, deps);
    if (another !== undefined) return another;
    const document = await withFolderErrors(layout.folder, () => store.update((found) => found));
    const ca = await start(layout, document, store, deps);
    return { ca, trustDomain: document.trustDomain, isNew: true };
  });
}

/** The CA that another command has started. */
async function findRunning(
  store: DevStore,
  wanted: string | undefined,
  layout: Layout,
  deps: DevDeps,
): Promise<RunningCa | undefined> {
  const document = await store.read();
  refuseOtherTrustDomain(layout, document, wanted);
  const { trustDomain, ca } = document;
  if (ca === undefined || !(await isRunning(ca, deps))) return undefined;
  await untilReady(ca, layout, deps);
  return { ca, trustDomain, isNew: false };
}

export const defaultTrustDomain = "cluster.local";

async function start(
  layout: Layout,
  document: DevDocument,
  store: DevStore,
  deps: DevDeps,
): Promise<CaRecord> {
  const addresses = await chooseCaAddresses(document);
  const pid = await withFolderErrors(layout.folder, async () => {
    await ensureTokenIssuer(layout.tokens);
    await writeOnce(layout.policy, devPolicy);
    return spawnCa(layout, document.trustDomain, addresses, deps);
  });
  // It is recorded before it is ready, so that `kasbah dev down` finds it if this command is killed.
  const ca = { pid, mark: (await processMark(pid, deps)) ?? "", ...addresses };
  const ports = { grpc: addresses.grpcAddress.port, http: addresses.httpAddress.port };
  await store.update((found) => ({ ...found, ca, ports }));
  try {
    await untilReady(ca, layout, deps);
  } catch (error) {
    await endProcess(ca, deps);
    throw error;
  }
  return ca;
}

async function untilReady(ca: CaRecord, layout: Layout, deps: DevDeps): Promise<void> {
  const { clock, signal } = deps;
  const startedAt = clock.monotonicMs();
  for (;;) {
    if (!(await isRunning(ca, deps))) throw await failure("PROCESS_FAILED", "the CA exited", layout);
    if (await isStatusReady(ca.httpAddress)) return;
    if (clock.monotonicMs() - startedAt > readyWithinMs)
      throw await failure("NOT_READY", `the CA was not ready within ${readyWithinMs / 1000} s`, layout);
    await clock.sleep(50, signal);
  }
}

async function failure(
  code: "PROCESS_FAILED" | "NOT_READY",
  what: string,
  { caLog }: Layout,
): Promise<CliError> {
  const log = await readFile(caLog, "utf8").catch(() => "");
  const last = printableText(log.trimEnd().split("\n").at(-1) ?? "", 600);
  return new CliError(code, `${what}; the last line of its log ${caLog}: ${last}`);
}

async function writeOnce(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    if (errnoOf(cause) !== "EEXIST") throw cause;
  }
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
