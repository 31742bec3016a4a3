import { z } from "zod";
import { canonicalJson } from "./canonical-json.ts";
import { credentialKinds, entryVersion, type LedgerEntry, maxEntryBytes } from "./entry.ts";
import { withTraceId } from "./traced-reference.ts";

const text = z.string().max(maxEntryBytes);
const texts = z.array(text);
const time = z.iso.datetime({ precision: 3 });
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const serial = z.string().regex(/^[0-9a-f]{2,40}$/);
const head = { v: z.number().int(), time };

const caller = z.strictObject({
  spiffeId: text,
  kind: z.enum(credentialKinds),
  issuer: text.optional(),
  tokenIdHash: hash.optional(),
  serial: serial.optional(),
  fingerprint: hash.optional(),
  tokenProvenAt: time.optional(),
  pod: z.strictObject({ name: text, uid: text }).optional(),
  node: text.optional(),
  disregarded: texts.optional(),
});

const issued = z.strictObject({
  ...head,
  kind: z.literal("issued"),
  referenceId: text,
  spiffeId: text,
  serial,
  fingerprint: hash,
  spkiHash: hash,
  notBefore: time,
  notAfter: time,
  authority: hash,
  rule: text,
  ignored: texts.optional(),
  caller,
  peerAddress: text,
});

const refused = z.strictObject({
  ...head,
  kind: z.literal("refused"),
  referenceId: text,
  code: text,
  peerAddress: text,
  caller: caller.optional(),
  spiffeId: text.optional(),
  rule: text.optional(),
  problem: text,
  expected: text.optional(),
  seen: text.optional(),
  fix: text.optional(),
  causes: texts.optional(),
});

const operator = z.strictObject({
  ...head,
  kind: z.literal("operator"),
  act: text,
  arguments: z.record(text, z.union([text, z.number().int()])).optional(),
  operatorUnverified: text.optional(),
  outcome: z.enum(["accepted", "refused"]),
  reason: text.optional(),
});

const authority = z.strictObject({
  ...head,
  kind: z.literal("authority"),
  authority: text,
  fingerprint: hash,
  stage: text,
  from: text.optional(),
  signs: z.boolean(),
  epoch: z.number().int(),
});

// Created once, because zod compiles a schema on first use.
const versioned = z.object({ v: z.number().int() });
const schema = z.discriminatedUnion("kind", [issued, refused, operator, authority]);

/** The reason why a line is not a valid entry. */
export class EntryError extends Error {}

/**
 * Reads the line of an entry.
 * @throws EntryError if the line is not an entry, has a later version or is not canonical; never quotes the
 * line
 */
export function parseEntry(line: Uint8Array): LedgerEntry {
  const entry = readStored(parseJson(line));
  // Compares the parsed entry with the bytes, so that a member that parsing drops, such as __proto__, is
  // detected. The first version had another order of members.
  if (entry.v > 1 && canonicalJson(entry as never) !== Buffer.from(line).toString())
    throw new EntryError("is not canonical JSON (RFC 8785)");
  return withTraceId(entry);
}

/** Reads an entry from a parsed JSON value. @throws EntryError */
export function readEntryValue(value: unknown): LedgerEntry {
  return withTraceId(readStored(value));
}

function readStored(value: unknown): LedgerEntry {
  const version = versioned.safeParse(value).data?.v;
  if (version === undefined) throw new EntryError("is not a JSON object with a version");
  if (version > entryVersion) {
    throw new EntryError(
      `has version ${version}, but this release supports up to ${entryVersion}: use a later release`,
    );
  }
  const entry = schema.safeParse(value);
  if (!entry.success) {
    const { path = [], message = "" } = entry.error.issues[0] ?? {};
    throw new EntryError(`is not a valid entry: ${path.join(".") || "its kind"}: ${message}`);
  }
  return entry.data as LedgerEntry;
}

function parseJson(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(line));
  } catch {
    return undefined;
  }
}
