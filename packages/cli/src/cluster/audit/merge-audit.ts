import type { Found, LedgerEntry } from "@kasbah/ledger";
import type { CertificateRecord } from "../../audit/render/certificate.ts";
import type { IdentitiesAnswer } from "../../audit/render/identities.ts";
import type { WhoAnswer } from "../../audit/render/who.ts";
import { type Answers, noAnswerError } from "../answers.ts";
import type { CertificateReply, IdentitiesReply, WhoReply } from "./read-audit.ts";

// Each replica has its own ledger; together they hold the answer.

export function mergeWho(answers: Answers<WhoReply>, limit: number): Omit<WhoAnswer, "spiffeId" | "at"> {
  const all = given(answers);
  const certificates = newestFirst(all.flatMap((one) => named(one, ({ certificates: its }) => its)));
  const recorded = all.flatMap((one) =>
    named(one, ({ onRecord }) => (onRecord === null ? [] : [onRecord.first, onRecord.last])),
  );
  const [last, first] = [newestFirst(recorded)[0], newestFirst(recorded).at(-1)];
  const isNobody = certificates.length === 0 && first !== undefined && last !== undefined;
  return {
    certificates: certificates.slice(0, limit),
    more: certificates.length > limit || all.some(({ answer }) => answer.more),
    ends: isNobody ? { first, last } : undefined,
  };
}

export function mergeCertificates(answers: Answers<CertificateReply>) {
  const all = given(answers);
  return {
    certificates: newestFirst(all.flatMap((one) => named(one, ({ certificates }) => certificates))),
    sameSerial: newestFirst(all.flatMap((one) => named(one, ({ sameSerial }) => sameSerial))),
    serving: all.flatMap(({ replica, answer }) =>
      answer.serving.map((one) => ({ ...one, found: ofReplica(one.found, replica) })),
    ),
  };
}

/** A pod may renew at any replica, so its current certificate is the newest one in all ledgers. */
export function mergeIdentities(answers: Answers<IdentitiesReply>): IdentitiesAnswer {
  const all = newestFirst(given(answers).flatMap((one) => named(one, ({ identities }) => identities)));
  const newest = new Map<string, CertificateRecord>();
  for (const record of all) {
    const { spiffeId, caller } = record.found.entry;
    const key = JSON.stringify([spiffeId, caller.pod?.uid]);
    if (!newest.has(key)) newest.set(key, record);
  }
  const records = [...newest].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, record]) => record);
  const authorities = new Map<string, string>();
  for (const { found, authorityId } of records)
    if (authorityId !== undefined) authorities.set(found.entry.authority, authorityId);
  return { found: records.map(({ found }) => found), authorities };
}

export function mergeLast(answers: Answers<readonly Found[]>, count: number): readonly Found[] {
  const all = given(answers).flatMap(({ replica, answer }) => answer.map((one) => ofReplica(one, replica)));
  return all.sort((one, other) => (one.entry.time < other.entry.time ? -1 : 1)).slice(-count);
}

function given<T>(answers: Answers<T>): Answers<T>["given"] {
  if (answers.given.length === 0) throw noAnswerError(answers);
  return answers.given;
}

function named<T>(
  { replica, answer }: { readonly replica: string; readonly answer: T },
  recordsOf: (answer: T) => readonly CertificateRecord[],
): readonly CertificateRecord[] {
  return recordsOf(answer).map((record) => ({ ...record, found: ofReplica(record.found, replica) }));
}

/** If a replica has a single ledger, the ledger is named after the replica. */
function ofReplica<Entry extends LedgerEntry>(found: Found<Entry>, replica: string): Found<Entry> {
  return { ...found, slot: found.slot === "0" ? replica : `${replica}/${found.slot}` };
}

function newestFirst(records: readonly CertificateRecord[]): readonly CertificateRecord[] {
  return records.toSorted((one, other) => (one.found.entry.time > other.found.entry.time ? -1 : 1));
}
