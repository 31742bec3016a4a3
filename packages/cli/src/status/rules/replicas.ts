import type { AuthorityStatusMessage } from "@kasbah/protocol";
import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { commandFor, type RuleContext } from "./rule.ts";

/** What only the comparison of the replicas shows. */
export function judgeReplicaSet(context: RuleContext): readonly StatusFinding[] {
  const { replicas, source } = context.facts;
  if (source.kind !== "cluster") return [];
  return [
    ...downFindings(context),
    ...rootFindings(replicas, context),
    ...epochFinding(replicas, context),
    ...leaderFinding(replicas, context),
    ...releaseFinding(replicas),
  ];
}

function downFindings({ facts }: RuleContext): readonly StatusFinding[] {
  const { replicas, source } = facts;
  const down = replicas.filter(({ failure }) => failure !== undefined);
  const isEvery = down.length === replicas.length;
  const kubectl = `kubectl ${source.kubectl}`;
  if (isEvery && down.length > 1) {
    const reasons = [...new Set(down.map(({ failure = "" }) => failure))].join("; ");
    const what = `none of ${down.length} replicas answers: ${reasons}`;
    const fix = `${kubectl} describe pods, then ${kubectl} logs ${down[0]?.replica} -c kasbah-server --previous`;
    const page = "docs/runbooks/down.md";
    return [{ level: "critical", area: "ca", code: "CA_DOWN", what, fix, page }];
  }
  return down.map(({ replica, failure = "" }) => ({
    level: isEvery ? "critical" : "warning",
    ...(isEvery
      ? ({ area: "ca", code: "CA_DOWN" } as const)
      : ({ area: "replicas", code: "REPLICA_DOWN" } as const)),
    what: `${replica} does not answer: ${failure}`,
    fix: `${kubectl} describe pod ${replica}, then ${kubectl} logs ${replica} -c kasbah-server --previous`,
    page: "docs/runbooks/down.md",
  }));
}

function rootFindings(replicas: readonly ReplicaFacts[], context: RuleContext): readonly StatusFinding[] {
  const signing = groupsOf(replicas, signingRoot);
  if (signing.length < 2) return [];
  const parts = signing.map(({ key, names }) => `${names.join(", ")}: SHA-256 ${key.slice(0, 16)}`);
  return [
    {
      ...{ level: "critical", area: "replicas", code: "ROOTS_DIFFER" },
      what: `the replicas sign under different roots (${parts.join("; ")})`,
      fix: `${commandFor(context, "authority list")} shows both: keep the one that the workloads trust`,
      page: "docs/install.md",
    },
  ];
}

function signingRoot({ authorities }: AuthorityStatusMessage): string | undefined {
  return authorities.find(({ kind, signs }) => kind === "root" && signs)?.fingerprint;
}

/** Normal for moments after a transition. */
function epochFinding(replicas: readonly ReplicaFacts[], context: RuleContext): readonly StatusFinding[] {
  const epochs = groupsOf(replicas, ({ epoch }) => String(epoch));
  if (epochs.length < 2 || groupsOf(replicas, signingRoot).length > 1) return [];
  const parts = epochs.map(({ key, names }) => `${names.join(", ")}: epoch ${key}`);
  return [
    {
      ...{ level: "warning", area: "replicas", code: "STATES_DIFFER" },
      what: `the replicas are at different states of the authorities (${parts.join("; ")})`,
      fix: `if it lasts longer than a minute, ${commandFor(context, "authority list")} compares them`,
      page: "docs/remote.md",
    },
  ];
}

interface Group {
  readonly key: string;
  readonly names: readonly string[];
}

function groupsOf(
  replicas: readonly ReplicaFacts[],
  keyOf: (status: AuthorityStatusMessage) => string | undefined,
): readonly Group[] {
  const groups = new Map<string, string[]>();
  for (const { replica, authorities } of replicas) {
    const key = authorities === undefined ? undefined : keyOf(authorities);
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), replica]);
  }
  return [...groups].map(([key, names]) => ({ key, names }));
}

/** Replicas that share their state elect one that changes it. */
function leaderFinding(replicas: readonly ReplicaFacts[], context: RuleContext): readonly StatusFinding[] {
  const named = (role: string) => replicas.filter(({ overview }) => overview?.role === role);
  const [leaders, followers] = [named("leader"), named("follower")];
  const isKnown = replicas.every(({ overview }) => overview !== undefined);
  const common = { level: "warning", area: "replicas" } as const;
  const page = "docs/runbooks/warnings.md";
  const namespace = `kubectl ${context.facts.source.kubectl} get lease`;
  const fix = `if it lasts longer than a minute, ${namespace} shows the holder`;
  if (leaders.length > 1) {
    const names = leaders.map(({ replica }) => replica).join(" and ");
    return [{ ...common, code: "SEVERAL_LEADERS", what: `${names} both lead`, fix, page }];
  }
  if (leaders.length === 1 || followers.length === 0 || !isKnown) return [];
  return [
    { ...common, code: "NO_LEADER", what: "no replica leads, so that rotations and changes wait", fix, page },
  ];
}

/** Normal during an upgrade. */
function releaseFinding(replicas: readonly ReplicaFacts[]): readonly StatusFinding[] {
  const versions = new Set(
    replicas.flatMap(({ overview }) => (overview === undefined ? [] : [overview.version])),
  );
  if (versions.size < 2) return [];
  const what = `the replicas run different releases: ${[...versions].sort().join(", ")}`;
  const fix = "nothing during an upgrade; otherwise complete it";
  return [{ level: "ok", area: "replicas", code: "RELEASES_DIFFER", what, fix, page: "docs/upgrade.md" }];
}
