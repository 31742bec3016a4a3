import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts, StatusFacts } from "../status-facts.ts";

/** What a code of the CA means. */
export interface CodeMeaning {
  readonly cause: string;
  readonly fix: string;
}

/** What every rule may use. */
export interface RuleContext {
  readonly facts: StatusFacts;
  /** The CA's time. */
  readonly now: Date;
  readonly explain: (code: string) => CodeMeaning | undefined;
}

/** Judges the answers of one replica. */
export type ReplicaRule = (one: ReplicaFacts, context: RuleContext) => readonly StatusFinding[];

/** Applies rules to every replica; a finding that several replicas share appears once, with their names. */
export function judgeReplicas(rules: readonly ReplicaRule[], context: RuleContext): readonly StatusFinding[] {
  const { replicas } = context.facts;
  const found = new Map<string, { readonly finding: StatusFinding; readonly names: Set<string> }>();
  for (const one of replicas) {
    for (const finding of withoutRepeated(rules.flatMap((rule) => rule(one, context)))) {
      const key = JSON.stringify([finding.code, finding.what, finding.fix]);
      const known = found.get(key) ?? { finding, names: new Set<string>() };
      found.set(key, known);
      known.names.add(one.replica);
    }
  }
  const isShared = (names: Set<string>) => names.size === replicas.length;
  return [...found.values()].map(({ finding, names }) =>
    isShared(names) ? finding : { ...finding, replicas: [...names] },
  );
}

/** The ledger, the state and the volume all report a full disk. */
function withoutRepeated(findings: readonly StatusFinding[]): readonly StatusFinding[] {
  const first = findings.find(({ code }) => code === "DISK_FULL");
  return findings.filter((one) => one.area !== "disk" || one === first || first === undefined);
}

/** A command of an operator for the same CA. */
export function commandFor({ facts }: Pick<RuleContext, "facts">, words: string): string {
  const { flags } = facts.source;
  return flags === "" ? `kasbah ${words}` : `kasbah ${words} ${flags}`;
}

/** A command that works only where the CA runs: in a cluster, in the pod of the replica. */
export function commandAt(
  { replica }: Pick<ReplicaFacts, "replica">,
  context: Pick<RuleContext, "facts">,
  words: string,
): string {
  if (context.facts.source.kind !== "cluster") return commandFor(context, words);
  return `kubectl ${context.facts.source.kubectl} exec ${replica} -c kasbah-server -- kasbah ${words}`;
}
