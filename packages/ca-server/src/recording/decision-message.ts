import type { CallerEntry, DecisionEntry, RefusedEntry } from "@kasbah/ledger";
import type { DecisionMessage } from "@kasbah/protocol";

/** Describes a decision in the ledger to an operator. */
export function decisionMessage(entry: DecisionEntry): DecisionMessage {
  const { referenceId, traceId = "", peerAddress, caller, spiffeId = "", rule = "" } = entry;
  const isIssued = entry.kind === "issued";
  const refusal: Partial<RefusedEntry> = isIssued ? {} : entry;
  return {
    referenceId,
    traceId,
    time: new Date(entry.time),
    code: isIssued ? "ISSUED" : entry.code,
    peerAddress,
    caller: caller?.spiffeId ?? "",
    credential: caller === undefined ? "" : credentialText(caller),
    pod: caller?.pod === undefined ? "" : `${caller.pod.name} (${caller.pod.uid})`,
    node: caller?.node ?? "",
    subject: spiffeId,
    rule,
    problem: refusal.problem ?? "",
    expected: refusal.expected ?? "",
    seen: refusal.seen ?? "",
    fix: refusal.fix ?? "",
    causes: refusal.causes ?? [],
    serial: isIssued ? entry.serial : "",
    ignored: (isIssued ? entry.ignored : undefined) ?? [],
    disregarded: caller?.disregarded ?? [],
  };
}

function credentialText({ kind, issuer, serial, tokenProvenAt }: CallerEntry): string {
  const of = issuer === undefined ? "" : ` of ${issuer}`;
  return kind === "client-certificate"
    ? `${kind} ${serial}, last token ${tokenProvenAt}${of}`
    : `${kind}${of}`;
}
