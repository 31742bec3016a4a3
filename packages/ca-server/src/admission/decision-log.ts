import { LRUCache } from "lru-cache";
import { CaError } from "../errors.ts";
import type { KnownFacts } from "../issuance/authority.ts";
import type { CredentialFacts } from "../issuance/ports.ts";

/** What was decided about one call. */
export interface Decision {
  readonly referenceId: string;
  readonly time: Date;
  /** `ISSUED`, or the code of the refusal. */
  readonly code: string;
  readonly peerAddress: string;
  readonly known: KnownFacts;
  /** Why it was refused; undefined when it was not. */
  readonly error?: unknown;
  /** Of the certificate that was issued. */
  readonly serial?: string;
  readonly ignored?: readonly string[];
}

/** The same in texts, "" where nothing is known. It holds what only operators may know. */
export interface DecisionView {
  readonly referenceId: string;
  readonly time: Date;
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

/** A day of a small mesh, or the last minutes of an attack: strangers can make old ones go, and memory not grow. */
const maxDecisions = 10_000;
const maxCauses = 5;
const maxCauseLength = 300;

/** The last decisions by their reference ids, in memory. */
export class DecisionLog {
  readonly #decisions = new LRUCache<string, DecisionView>({ max: maxDecisions });

  add(decision: Decision): void {
    this.#decisions.set(decision.referenceId, viewOf(decision));
  }

  find(referenceId: string): DecisionView | undefined {
    return this.#decisions.peek(referenceId);
  }
}

function viewOf({
  referenceId,
  time,
  code,
  peerAddress,
  known,
  error,
  serial,
  ignored,
}: Decision): DecisionView {
  const { caller, subject, rule } = known;
  const facts = error instanceof CaError ? error.facts : {};
  return {
    referenceId,
    time,
    code,
    peerAddress,
    caller: caller?.spiffeId.toString() ?? "",
    credential: caller === undefined ? "" : credentialText(caller.credential),
    pod: caller?.pod === undefined ? "" : `${caller.pod.name} (${caller.pod.uid})`,
    node: caller?.node ?? "",
    subject: subject?.toString() ?? "",
    rule: facts.rule ?? rule ?? "",
    problem: error instanceof CaError ? error.problem : messageOf(error).slice(0, maxCauseLength),
    expected: facts.expected ?? "",
    seen: facts.seen ?? "",
    fix: facts.fix ?? "",
    causes: causesOf(error),
    serial: serial ?? "",
    ignored: ignored ?? [],
    disregarded: caller?.disregarded ?? [],
  };
}

function credentialText(credential: CredentialFacts): string {
  switch (credential.kind) {
    case "jwks-token":
      return `jwks-token of ${credential.issuer}`;
    case "kubernetes-token":
      return "kubernetes-token";
    case "client-certificate":
      return `client-certificate ${credential.serial}, last token ${credential.tokenProvenAt.toISOString()}`;
  }
}

/** Messages of ours and of libraries, which hold no token and no key: whoever throws sees to that. */
function causesOf(error: unknown): readonly string[] {
  const causes: string[] = [];
  let next = error instanceof Error ? error.cause : undefined;
  while (next !== undefined && causes.length < maxCauses) {
    causes.push(messageOf(next).slice(0, maxCauseLength));
    next = next instanceof Error ? next.cause : undefined;
  }
  return causes;
}

function messageOf(error: unknown): string {
  if (error === undefined) return "";
  return error instanceof Error ? error.message : String(error);
}
