import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { commandFor, type RuleContext } from "./rule.ts";

/** What to do about a condition that a running CA reports. */
interface Topic {
  readonly pattern: RegExp;
  /** Undefined if another rule judges it from more than its text. */
  readonly as?: (context: RuleContext) => Omit<StatusFinding, "what">;
}

const page = "docs/runbooks/warnings.md";

/** By the words with which the CA begins them; an unknown one is shown as it is. */
const topics: readonly Topic[] = [
  { pattern: /^\S+ expire[sd] at / },
  { pattern: /^CLOCK_SUSPECT: / },
  { pattern: /^LEDGER_LOST: / },
  { pattern: /^the volume of the state directory has / },
  { pattern: /^the ledger takes / },
  { pattern: /^no CA answers: / },
  {
    pattern: /^rotations are paused: /,
    as: (context) => ({
      ...{ level: "warning", area: "rotation", code: "ROTATIONS_PAUSED" },
      fix: commandFor(context, "authority resume"),
      page: "docs/rotation.md",
    }),
  },
  {
    pattern: /^a rotation was aborted or an authority recalled: /,
    as: (context) => ({
      ...{ level: "warning", area: "rotation", code: "ROTATIONS_HELD" },
      fix: commandFor(context, "authority resume"),
      page: "docs/rotation.md",
    }),
  },
  {
    pattern: /^rotations only start manually /,
    as: (context) => ({
      ...{ level: "ok", area: "rotation", code: "ROTATIONS_MANUAL" },
      fix: `rotate before an authority expires: ${commandFor(context, "authority rotate")}`,
      page: "docs/rotation.md",
    }),
  },
  {
    pattern: /^\d+ clients? ha(s|ve) not shown /,
    as: (context) => ({
      ...{ level: "warning", area: "rotation", code: "ROOT_NOT_HELD" },
      fix: `add the new root to their root files; ${commandFor(context, "authority status")} lists them`,
      page: "docs/rotation.md",
    }),
  },
  {
    pattern: /^this CA was restored from a backup /,
    as: () => ({
      ...{ level: "ok", area: "ca", code: "RESTORED" },
      fix: "nothing: the CA trusts every authority that it may have used since the backup",
      page: "docs/backup.md",
    }),
  },
  {
    pattern: /^state: cannot be written: /,
    as: () => ({
      ...{ level: "warning", area: "disk", code: "STATE_NOT_DURABLE" },
      fix: "free space on the volume of the state directory, or repair it",
      page: "docs/runbooks/disk-full.md",
    }),
  },
  {
    pattern: /^the policy file .* is invalid/,
    as: () => ({
      ...{ level: "warning", area: "ca", code: "POLICY_INVALID" },
      fix: "kasbah policy check FILE lists the problems with their lines",
      page: "docs/policy.md",
    }),
  },
];

/** The finding for a warning of the CA; none if another rule judges its subject. */
export function warningFinding(
  text: string,
  { overview }: Pick<ReplicaFacts, "overview">,
  context: RuleContext,
): readonly StatusFinding[] {
  const topic = topics.find(({ pattern }) => pattern.test(text));
  if (topic?.as !== undefined) return [{ ...topic.as(context), what: text }];
  // An earlier release reports only its authorities, so that no other rule can judge the rest.
  if (topic !== undefined && (overview !== undefined || topic === topics[0])) return [];
  return [{ level: "warning", area: "ca", code: "CA_WARNING", what: text, fix: `see ${page}`, page }];
}
