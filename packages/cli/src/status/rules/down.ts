import type { StartObstacle } from "@kasbah/ca-server/state";
import { shellWord } from "../../output/shell-word.ts";
import type { StatusArea, StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { judgeIssuers } from "./issuers.ts";
import { judgeLedger } from "./ledger.ts";
import { commandFor, type RuleContext } from "./rule.ts";

interface ObstacleHelp {
  readonly area: StatusArea;
  readonly page: string;
  readonly fix: (obstacle: StartObstacle, one: ReplicaFacts, context: RuleContext) => string;
}

const lostState = "docs/runbooks/lost-state.md";

/** What to do about each obstacle, by the code with which the CA exits. Others have the fix of the code. */
const help: Readonly<Record<string, ObstacleHelp>> = {
  STATE_MISSING: { area: "ca", page: lostState, fix: (_obstacle, _one, context) => restore(context) },
  STATE_DAMAGED: { area: "ca", page: lostState, fix: (_obstacle, _one, context) => restore(context) },
  AUTHORITY_INCOMPLETE: { area: "issuer", page: lostState, fix: replaceLost },
  LEDGER_DAMAGED: {
    ...{ area: "ledger", page: "docs/audit.md" },
    fix: (_obstacle, _one, context) => `restore ledger/0 from a copy; without one, ${setAside(context)}`,
  },
  CLOCK_SUSPECT: {
    ...{ area: "clock", page: "docs/runbooks/wrong-clock.md" },
    fix: (_obstacle, _one, context) =>
      `set the clock of this machine; if it is right, start the CA, then ${commandFor(context, "clock accept")}`,
  },
  STATE_LOCKED: {
    ...{ area: "ca", page: "docs/troubleshooting.md" },
    fix: () =>
      "wait until it has started; otherwise name its socket with --admin-socket, or stop the process",
  },
};

/** A restore fills only empty directories. */
function restore(context: RuleContext): string {
  const directory = directoryOf(context);
  return `mv ${directory} ${directory}.lost && kasbah restore BACKUP --state-dir ${directory}; without a backup, see the page`;
}

/** The CA then begins a new ledger, and reports the loss until an operator accepts it. */
function setAside(context: RuleContext): string {
  const directory = directoryOf(context);
  return `keep it for the auditors and begin a new one: mv ${directory}/ledger/0 ${directory}/ledger-0.damaged`;
}

function replaceLost(
  { authority }: StartObstacle,
  { authorities }: ReplicaFacts,
  context: RuleContext,
): string {
  const isRoot = authorities?.authorities.find(({ id }) => id === authority)?.kind === "root";
  const rotate = commandFor(context, `authority rotate${isRoot ? " --root" : ""}`);
  return `restore the key from a backup; without one, replace it: ${rotate}`;
}

function directoryOf({ facts }: RuleContext): string {
  return shellWord((facts.source.stateDirectory ?? ".").replace(/(?<=.)\/+$/, ""));
}

/** A CA that does not answer, and what keeps it from starting. */
export function judgeStopped(one: ReplicaFacts, context: RuleContext): readonly StatusFinding[] {
  const { stopped } = one;
  if (stopped === undefined) return [];
  const others = [...judgeIssuers(one, context), ...judgeLedger(one, context)];
  const isHindered = stopped.obstacles.length > 0 || others.some(({ level }) => level === "critical");
  return [
    down(one, isHindered, context),
    ...stopped.obstacles.map((obstacle) => obstacleFinding(obstacle, one, context)),
  ];
}

function down({ failure = "" }: ReplicaFacts, isHindered: boolean, context: RuleContext): StatusFinding {
  return {
    ...{ level: "critical", area: "ca", code: "CA_DOWN", page: "docs/runbooks/down.md" },
    what: `${failure || "no CA answers"}: new workloads get no certificate`,
    fix: isHindered ? "fix what the findings below name, then start it" : `start it: ${startOf(context)}`,
  };
}

/** The directory of the packages has a unit for systemd. */
function startOf(context: RuleContext): string {
  const directory = directoryOf(context);
  return directory === "/var/lib/kasbah"
    ? "systemctl start kasbah-server"
    : `kasbah-server --state-dir ${directory}, with its other flags`;
}

function obstacleFinding(obstacle: StartObstacle, one: ReplicaFacts, context: RuleContext): StatusFinding {
  const { code, what } = obstacle;
  const known = help[code];
  const general = context.explain(code)?.fix ?? "its log names the fix";
  return {
    ...{ level: "critical", area: known?.area ?? "ca", code, what },
    fix: known?.fix(obstacle, one, context) ?? general,
    page: known?.page ?? "docs/reference/errors.md",
  };
}
