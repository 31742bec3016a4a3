import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { IssuedEntry, LedgerEntry } from "../entry/entry.ts";

/** What entries are searched by, beside the name. */
export type LookupKey = "reference" | "serial" | "fingerprint" | "spki";

const seeds: Record<LookupKey, number> = { reference: 1, serial: 2, fingerprint: 3, spki: 4 };

/**
 * Four octets for a key. Other keys have the same, by chance or by intent, so whoever finds an entry by it compares the
 * key itself.
 */
export function keyHash(kind: LookupKey, value: string): number {
  return crc32(value, seeds[kind]) | 0;
}

/** The keys of an entry, in the order of the tree. */
export function keyHashesOf(entry: LedgerEntry): readonly number[] {
  if (entry.kind === "refused") return [keyHash("reference", entry.referenceId)];
  if (entry.kind !== "issued") return [];
  return [
    keyHash("reference", entry.referenceId),
    keyHash("serial", entry.serial),
    keyHash("fingerprint", entry.fingerprint),
    keyHash("spki", entry.spkiHash),
  ];
}

/** The second that an instant is in: certificates know no smaller unit. */
export function secondOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/** Tells the pods of one name apart, and has no other use; 0 where there is none. */
export function podKey({ caller }: IssuedEntry): number {
  return caller.pod === undefined ? 0 : sha256(caller.pod.uid).readUIntBE(0, 6);
}

/** By which an entry is known again. */
export function lineDigest(line: Uint8Array): Uint8Array {
  return sha256(line).subarray(0, 8);
}

function sha256(data: string | Uint8Array): Buffer {
  return hash("sha256", data, "buffer");
}
