import type { StartObstacle } from "@kasbah/ca-server/state";
import type { OverviewMessage } from "@kasbah/protocol";
import { formatDuration } from "@kasbah/runtime";
import { plainTime, timeAndDistance } from "../../output/relative-time.ts";
import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { commandAt, type RuleContext } from "./rule.ts";

const page = "docs/runbooks/wrong-clock.md";

/** The time that a query takes, and the difference that certificates and tokens tolerate. */
const toleranceMs = 60_000;

/** A clock that the CA does not trust. */
export function judgeClock(one: ReplicaFacts, context: RuleContext): readonly StatusFinding[] {
  const { overview } = one;
  if (overview === undefined || isTrusted(overview)) return [];
  if (one.stopped !== undefined) return ofStopped(overview, one.stopped.obstacles);
  const { clock, now } = overview;
  const isUnknown = clock.state === "unknown";
  const reason = clock.reason === "" ? "" : `: ${clock.reason}`;
  const consequence = isUnknown
    ? "the CA does not know the time and issues nothing"
    : "the CA issues by its own time, and rotations wait";
  const accept = commandAt(one, context, "clock accept");
  return [
    {
      level: isUnknown ? "critical" : "warning",
      ...{ area: "clock", code: "CLOCK_SUSPECT", page },
      what: `the CA does not trust the clock of its machine${reason}; it shows ${timeAndDistance(clock.wallTime, now)}, and ${consequence}`,
      fix: `set the clock of the CA's machine; if it is right, ${accept}`,
    },
  ];
}

/** The CA judges the clock when it starts. */
function ofStopped(
  { clock }: OverviewMessage,
  obstacles: readonly StartObstacle[],
): readonly StatusFinding[] {
  if (obstacles.some(({ code }) => code === "CLOCK_SUSPECT")) return [];
  const what = `the CA will not trust the clock of this machine: ${clock.reason}`;
  const fix = "set the clock of this machine before you start the CA";
  return [{ level: "warning", area: "clock", code: "CLOCK_SUSPECT", page, what, fix }];
}

function isTrusted({ clock }: OverviewMessage): boolean {
  return clock.state === "trusted" && clock.reason === "";
}

/** The clocks of the replicas, and that of this machine, compared with each other. */
export function judgeClocks({ facts }: RuleContext): readonly StatusFinding[] {
  const { source, replicas } = facts;
  const times = replicas.flatMap(({ replica, overview }) =>
    overview === undefined ? [] : [{ replica, now: overview.now }],
  );
  const sorted = times.toSorted((one, other) => one.now.getTime() - other.now.getTime());
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return [];
  const apartMs = last.now.getTime() - first.now.getTime();
  if (apartMs > toleranceMs) return [apart(first, last, apartMs)];
  const aheadMs = source.readAt.getTime() - last.now.getTime();
  return source.kind === "cluster" && Math.abs(aheadMs) > toleranceMs ? [ownClock(aheadMs, last.now)] : [];
}

interface ReplicaTime {
  readonly replica: string;
  readonly now: Date;
}

function apart(first: ReplicaTime, last: ReplicaTime, apartMs: number): StatusFinding {
  return {
    ...{ level: "warning", area: "clock", code: "CLOCKS_DIFFER", page },
    what: `${last.replica} is ${wholeSeconds(apartMs)} ahead of ${first.replica}`,
    fix: "synchronize the clocks of the nodes",
  };
}

function ownClock(aheadMs: number, now: Date): StatusFinding {
  const direction = aheadMs > 0 ? "ahead of" : "behind";
  return {
    ...{ level: "ok", area: "clock", code: "OWN_CLOCK_DIFFERS", page },
    what: `the clock of this machine is ${wholeSeconds(Math.abs(aheadMs))} ${direction} the CA's, which shows ${plainTime(now)}`,
    fix: "set the clock of this machine",
  };
}

function wholeSeconds(ms: number): string {
  return formatDuration(ms - (ms % 1000));
}
