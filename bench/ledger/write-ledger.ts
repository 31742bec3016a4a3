import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, mkdirSync } from "node:fs";
import { finished } from "node:stream/promises";
import { encodeEntry, entryVersion, type IssuedEntry, ledgerDirectoryAt, segmentPath } from "@kasbah/ledger";

const maxSegmentBytes = 16 * 1024 * 1024;
const bundle = 256;
const startMs = Date.UTC(2026, 0, 1);
const names = 20_000;
const day = 86_400_000;

export const entriesPerSecond = 4;
export const nameOf = (count: number) => `spiffe://cluster.local/ns/team-${count % 200}/sa/service-${count}`;
export const timeOf = (index: number) => new Date(startMs + (index * 1000) / entriesPerSecond);

/**
 * Writes the consecutive certificates of a mesh: 20 000 names, four certificates a second. Everything but the
 * keys resembles a real ledger.
 */
export async function writeLedger(stateDirectory: string, size: number): Promise<void> {
  const { segments } = ledgerDirectoryAt(`${stateDirectory}/ledger`);
  mkdirSync(segments, { recursive: true, mode: 0o700 });
  for (let first = 0; first < size; ) first = await writeSegment(segments, first, size);
}

async function writeSegment(directory: string, first: number, size: number): Promise<number> {
  const file = createWriteStream(segmentPath(directory, first));
  let index = first;
  let bytes = 0;
  while (index < size && (bytes < maxSegmentBytes || index % bundle !== 0)) {
    const line = `${Buffer.from(encodeEntry(entryAt(index)))}\n`;
    bytes += line.length;
    index += 1;
    if (!file.write(line)) await once(file, "drain");
  }
  file.end();
  await finished(file);
  return index;
}

function entryAt(index: number): IssuedEntry {
  const digest = createHash("sha256").update(String(index)).digest("hex");
  const other = createHash("sha256").update(digest).digest("hex");
  const time = timeOf(index);
  const spiffeId = nameOf(index % names);
  const pod = `service-${index % names}-7d9c5b6f4-x2x9z`;
  return {
    v: entryVersion,
    kind: "issued",
    time: time.toISOString(),
    referenceId: other.slice(0, 12),
    spiffeId,
    serial: digest.slice(0, 32),
    fingerprint: digest,
    spkiHash: other,
    notBefore: new Date(time.getTime() - 120_000).toISOString(),
    notAfter: new Date(time.getTime() + day).toISOString(),
    authority: "0".repeat(64),
    rule: "default",
    caller: { spiffeId, kind: "kubernetes-token", pod: { name: pod, uid: pod }, node: `node-${index % 500}` },
    peerAddress: "10.244.3.7:41234",
  };
}
