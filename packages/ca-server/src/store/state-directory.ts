import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { TrustBundle } from "@kasbah/pki";
import { ensureDirectory, errnoOf, writeFileDurably } from "@kasbah/runtime";

/** Where things lie in a state directory. */
export interface StateDirectory {
  /** Keys; only the CA's user may enter. */
  readonly authorities: string;
  /** Records; only the CA's user may enter. */
  readonly ledger: string;
  readonly ledgerSegment: string;
  /** The trust bundle, for everybody on this machine. */
  readonly publicBundle: string;
}

/** Makes the directories that are missing. @throws RuntimeError when a private one is open to others */
export async function prepareStateDirectory(path: string): Promise<StateDirectory> {
  const authorities = join(path, "authorities");
  const ledger = join(path, "ledger");
  const publicDirectory = join(path, "public");
  await ensureDirectory(path, 0o755);
  await ensureDirectory(authorities, 0o700);
  await ensureDirectory(ledger, 0o700);
  await ensureDirectory(publicDirectory, 0o755);
  return {
    authorities,
    ledger,
    ledgerSegment: join(ledger, "segment-000000.jsonl"),
    publicBundle: join(publicDirectory, "root-cert.pem"),
  };
}

/** Whether a root was in use here: its bundle was published, or something was issued. */
export async function showsFormerRoot(state: StateDirectory): Promise<boolean> {
  const sizes = await Promise.all([sizeOf(state.publicBundle), sizeOf(state.ledgerSegment)]);
  return sizes.some((size) => size > 0);
}

/** Puts the trust bundle where others on this machine find it. */
export async function publishBundle(state: StateDirectory, bundle: TrustBundle): Promise<void> {
  await writeFileDurably(state.publicBundle, bundle.toPem(), 0o644);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw error;
  }
}
