import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { DecisionEntry, IssuedEntry, LedgerEntry } from "../entry/entry.ts";
import { servingFactsOf } from "../entry/serving-entry.ts";

/** The kinds of keys by which entries are found, apart from names. */
export type LookupKey = "reference" | "serial" | "fingerprint" | "spki" | "trace";

const seeds: Record<LookupKey, number> = { reference: 1, serial: 2, fingerprint: 3, spki: 4, trace: 5 };

/**
 * Four octets for a key. Keys can collide by chance or on purpose, so callers must compare the key itself.
 */
export function keyHash(kind: LookupKey, value: string): number {
  return crc32(value, seeds[kind]) | 0;
}

/** The keys of an entry in the order of the index. */
export function keyHashesOf(entry: LedgerEntry): readonly number[] {
  if (entry.kind === "refused") return callKeys(entry);
  const certificate = entry.kind === "issued" ? entry : servingFactsOf(entry);
  if (certificate === undefined) return [];
  return [
    ...(entry.kind === "issued" ? callKeys(entry) : []),
    keyHash("serial", certificate.serial),
    keyHash("fingerprint", certificate.fingerprint),
    keyHash("spki", certificate.spkiHash),
  ];
}

/** The keys by which a call is found. */
function callKeys({ referenceId, traceId }: DecisionEntry): readonly number[] {
  const reference = keyHash("reference", referenceId);
  return traceId === undefined ? [reference] : [reference, keyHash("trace", traceId)];
}

/** The second of an instant, the smallest unit of a certificate's validity. */
export function secondOf(ms: number): number {
  return Math.floor(ms / 1000);
}

/** Distinguishes only the pods of one name; 0 if there is no pod. */
export function podKey({ caller }: IssuedEntry): number {
  return caller.pod === undefined ? 0 : Number.parseInt(hash("sha256", caller.pod.uid).slice(0, 12), 16);
}

/** Identifies an entry by its line. */
export function lineDigest(line: Uint8Array): Uint8Array {
  return hash("sha256", line, "buffer").subarray(0, 8);
}
