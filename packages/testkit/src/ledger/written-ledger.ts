import { createHash } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import {
  type AuthorityEntry,
  encodeEntry,
  entryVersion,
  type IssuedEntry,
  type LedgerDirectory,
  type LedgerEntry,
  ledgerDirectoryAt,
  listSegments,
  type RefusedEntry,
  type Segment,
  segmentPath,
} from "@kasbah/ledger";
import { temporaryDirectory } from "../disk/temporary-directory.ts";

// Shared by the tests of the index and its readers.

export const noon = Date.UTC(2030, 0, 1, 12);
export const spiffe = (name: string) => `spiffe://cluster.local/ns/demo/sa/${name}`;
export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

let count = 0;

/** A certificate with a lifetime of one hour, issued at noon; each is different. */
export function issued(changes: Partial<IssuedEntry> = {}): IssuedEntry {
  count += 1;
  const time = changes.time ?? new Date(noon).toISOString();
  const spiffeId = changes.spiffeId ?? spiffe("frontend");
  return {
    v: entryVersion,
    kind: "issued",
    time,
    referenceId: sha256(`reference ${count}`).slice(0, 12),
    spiffeId,
    serial: sha256(`serial ${count}`).slice(0, 32),
    fingerprint: sha256(`certificate ${count}`),
    spkiHash: sha256(`key ${count}`),
    notBefore: new Date(Date.parse(time) - 120_000).toISOString(),
    notAfter: new Date(Date.parse(time) + 3_600_000).toISOString(),
    authority: sha256("authority"),
    rule: "default",
    caller: { spiffeId, kind: "jwks-token", issuer: "https://issuer.test", pod: { name: "p", uid: "u" } },
    peerAddress: "10.0.0.1:5",
    ...changes,
  };
}

export function refused(changes: Partial<RefusedEntry> = {}): RefusedEntry {
  count += 1;
  return {
    v: entryVersion,
    kind: "refused",
    time: new Date(noon).toISOString(),
    referenceId: sha256(`reference ${count}`).slice(0, 12),
    code: "IDENTITY_NOT_ALLOWED",
    peerAddress: "10.0.0.1:5",
    problem: "no",
    ...changes,
  };
}

export function authorityStage(changes: Partial<AuthorityEntry> = {}): AuthorityEntry {
  return {
    v: entryVersion,
    kind: "authority",
    time: new Date(noon).toISOString(),
    authority: "root-1",
    fingerprint: sha256("authority"),
    stage: "active",
    signs: true,
    epoch: 1,
    ...changes,
  };
}

/** A ledger on disk whose entries and segments a test writes. */
export class WrittenLedger {
  readonly stateDirectory: string;
  readonly directory: LedgerDirectory;
  readonly remove: () => Promise<void>;
  size = 0;
  #segment = 0;

  private constructor(stateDirectory: string, slot: string, remove: () => Promise<void>) {
    this.stateDirectory = stateDirectory;
    this.directory = ledgerDirectoryAt(`${stateDirectory}/ledger`, slot);
    this.remove = remove;
  }

  static async make(): Promise<WrittenLedger> {
    const { path, remove } = await temporaryDirectory();
    const ledger = new WrittenLedger(path, "0", remove);
    await mkdir(ledger.directory.segments, { recursive: true });
    await mkdir(ledger.directory.unauthenticated);
    return ledger;
  }

  /** The ledger of another writing process in the same state directory. */
  async otherSlot(slot: string): Promise<WrittenLedger> {
    const other = new WrittenLedger(this.stateDirectory, slot, this.remove);
    await mkdir(other.directory.segments, { recursive: true });
    return other;
  }

  async write(...entries: readonly (LedgerEntry | string)[]): Promise<void> {
    const lines = entries.map((entry) =>
      typeof entry === "string" ? entry : Buffer.from(encodeEntry(entry)).toString(),
    );
    await this.writeBytes(lines.map((line) => `${line}\n`).join(""));
    this.size += lines.length;
  }

  /** Writes an incomplete line. */
  async writeBytes(bytes: string): Promise<void> {
    await appendFile(segmentPath(this.directory.segments, this.#segment), bytes);
  }

  roll(): void {
    this.#segment = this.size;
  }

  segments(): Promise<readonly Segment[]> {
    return listSegments(this.directory.segments);
  }
}
