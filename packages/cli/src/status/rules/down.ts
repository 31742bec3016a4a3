import type { StartObstacle } from "@kasbah/ca-server/state";
import type { StatusArea, StatusFinding } from "../finding.ts";
import type { ReplicaFacts, StatusFacts } from "../status-facts.ts";
import { commandFor, type RuleContext } from "./rule.ts";

interface ObstacleHelp {
  readonly area: StatusArea;
  readonly page: string;
  readonly fix: (context: RuleContext) => string;
}

const lostState = "docs/runbooks/lost-state.md";
const restore =
  "with a backup: kasbah restore FILE --state-dir DIR; without one, the page has the other ways";
const rotate = (context: RuleContext) =>
  `for a lost intermediate, ${commandFor(context, "authority rotate")}; for a lost root, add --root`;

/** What to do about each obstacle, by the code with which the CA exits. Others have the fix of the code. */
const help: Readonly<Record<string, ObstacleHelp>> = {
  STATE_MISSING: { area: "ca", page: lostState, fix: () => restore },
  STATE_DAMAGED: { area: "ca", page: lostState, fix: () => restore },
  AUTHORITY_INCOMPLETE: { area: "issuer", page: lostState, fix: rotate },
  LEDGER_DAMAGED: {
    ...{ area: "ledger", page: "docs/audit.md" },
    fix: (context) =>
      `${commandFor(context, "audit verify")} names every damaged entry; restore ledger/0 from a copy, or move it aside for auditors`,
  },
  LEDGER_LOST: {
    ...{ area: "ledger", page: "docs/runbooks/ledger-loss.md" },
    fix: (context) =>
      `start the CA, examine what is left, then ${commandFor(context, "audit accept-loss --reason TEXT")}`,
  },
  CLOCK_SUSPECT: {
    ...{ area: "clock", page: "docs/runbooks/wrong-clock.md" },
    fix: (context) =>
      `set the clock of this machine; if it is right, start the CA, then ${commandFor(context, "clock accept")}`,
  },
  STATE_LOCKED: {
    ...{ area: "ca", page: "docs/troubleshooting.md" },
    fix: () =>
      "wait until it has started; otherwise select its socket with --admin-socket, or stop that process",
  },
};

/** A CA that does not answer, and what keeps it from starting. */
export function judgeStopped(one: ReplicaFacts, context: RuleContext): readonly StatusFinding[] {
  const { stopped } = one;
  if (stopped === undefined) return [];
  return [down(one, context), ...stopped.obstacles.map((obstacle) => obstacleFinding(obstacle, context))];
}

function down({ stopped, failure = "" }: ReplicaFacts, { facts }: RuleContext): StatusFinding {
  const isFree = stopped?.obstacles.length === 0;
  return {
    ...{ level: "critical", area: "ca", code: "CA_DOWN", page: "docs/runbooks/down.md" },
    what: `no CA answers${failure === "" ? "" : `: ${failure}`}; new workloads get no certificate`,
    fix: isFree ? `start it: ${startOf(facts)}` : "fix what the findings below name, then start it",
  };
}

/** The directory of the packages has a unit for systemd. */
function startOf({ source }: StatusFacts): string {
  const directory = source.stateDirectory ?? "";
  return directory === "/var/lib/kasbah"
    ? "systemctl start kasbah-server"
    : `kasbah-server --state-dir ${directory} (with its other flags)`;
}

function obstacleFinding({ code, what }: StartObstacle, context: RuleContext): StatusFinding {
  const known = help[code];
  const general = context.explain(code)?.fix ?? "its log names the fix";
  return {
    ...{ level: "critical", area: known?.area ?? "ca", code, what },
    fix: known?.fix(context) ?? general,
    page: known?.page ?? "docs/reference/errors.md",
  };
}
