import type { Caller, IssuanceRecord } from "../issuance/ports.ts";

/** Raised when a field changes its meaning; readers refuse versions that they do not know. */
const entryVersion = 1;

/** One line of JSON that says who got which certificate when; ends with a line feed and holds no other. */
export function encodeIssuedEntry(record: IssuanceRecord): Uint8Array {
  const { caller, certificate, spiffeId, publicKey, validity } = record;
  const entry = {
    v: entryVersion,
    kind: "issued",
    time: record.time.toISOString(),
    referenceId: record.referenceId,
    spiffeId: spiffeId.toString(),
    serial: certificate.serial,
    fingerprint: certificate.fingerprint,
    spkiHash: publicKey.hash,
    notBefore: validity.notBefore.toISOString(),
    notAfter: validity.notAfter.toISOString(),
    authority: record.authority,
    rule: record.rule,
    ...(record.ignored.length === 0 ? {} : { ignored: record.ignored }),
    caller: callerFacts(caller),
    peerAddress: record.peerAddress,
  };
  return Buffer.from(`${JSON.stringify(entry)}\n`);
}

function callerFacts({ spiffeId, credential, pod, node, disregarded }: Caller) {
  return { spiffeId: spiffeId.toString(), ...credential, pod, node, disregarded };
}
