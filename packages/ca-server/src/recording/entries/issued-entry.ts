import { entryVersion, type IssuedEntry } from "@kasbah/ledger";
import type { IssuanceFacts } from "../../issuance/ports.ts";
import { callerEntry } from "./caller-entry.ts";

export function issuedEntry(record: IssuanceFacts): IssuedEntry {
  const { certificate, validity, ignored } = record;
  return {
    v: entryVersion,
    kind: "issued",
    time: record.time.toISOString(),
    referenceId: record.referenceId,
    traceId: record.traceId,
    spiffeId: record.spiffeId.toString(),
    serial: certificate.serial,
    fingerprint: certificate.fingerprint,
    spkiHash: record.publicKey.hash,
    notBefore: validity.notBefore.toISOString(),
    notAfter: validity.notAfter.toISOString(),
    authority: record.authority,
    rule: record.rule,
    ignored: ignored.length === 0 ? undefined : ignored,
    caller: callerEntry(record.caller),
    peerAddress: record.peerAddress,
  };
}
