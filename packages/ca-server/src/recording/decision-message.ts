import type { CallerEntry, DecisionEntry, RefusedEntry } from "@kasbah/ledger";

/** A decision about a call in texts, "" where nothing is known. It holds what only operators may know. */
export interface DecisionMessage {
  readonly referenceId: string;
  readonly time: Date;
  /** `ISSUED`, or the code of the refusal. */
  readonly code: string;
  readonly peerAddress: string;
  readonly caller: string;
  readonly credential: string;
  readonly pod: string;
  readonly node: string;
  readonly subject: string;
  readonly rule: string;
  readonly problem: string;
  readonly expected: string;
  readonly seen: string;
  readonly fix: string;
  readonly causes: readonly string[];
  readonly serial: string;
  readonly ignored: readonly string[];
  readonly disregarded: readonly string[];
}

/** What an entry of the ledger tells of a call. */
export function decisionMessage(entry: DecisionEntry): DecisionMessage {
  const { referenceId, peerAddress, caller, spiffeId = "", rule = "" } = entry;
  const isIssued = entry.kind === "issued";
  const refusal: Partial<RefusedEntry> = isIssued ? {} : entry;
  return {
    referenceId,
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
  switch (kind) {
    case "jwks-token":
      return `jwks-token of ${issuer}`;
    case "kubernetes-token":
      return kind;
    case "client-certificate":
      return `client-certificate ${serial}, last token ${tokenProvenAt}`;
  }
}
