import type { StatusFinding } from "../finding.ts";
import type { StatusActivity } from "../report.ts";
import { recentCounts } from "../sections/recent.ts";
import { commandFor, type RuleContext } from "./rule.ts";

/** Clients that say why they leave, and those that only close, by the labels of kasbah_handshake_failures_total. */
const rejecting: readonly string[] = ["unknown_root", "expired"];
const leaving: readonly string[] = [...rejecting, "closed"];

/** So many that no single client with an old root file explains them. */
const many = 10;

/** Clients that leave because they do not trust the CA. */
export function judgeHandshakes(
  activity: StatusActivity | undefined,
  context: RuleContext,
): readonly StatusFinding[] {
  if (activity === undefined) return [];
  const recent = recentCounts(activity.handshakes, activity);
  const sum = (reasons: readonly string[]) =>
    recent.reduce((total, { code, count }) => total + (reasons.includes(code) ? count : 0), 0);
  const [rejected, left] = [sum(rejecting), sum(leaving)];
  const isMost = (count: number) => count >= many && count > activity.lastTenMinutes;
  if (rejected === 0 && !isMost(left)) return [];
  const what =
    rejected === 0
      ? `${left} connections in 10 minutes ended when the client saw the CA's certificate, more than certificates were issued`
      : `${rejected === 1 ? "1 client" : `${rejected} clients`} rejected the CA's certificate in 10 minutes`;
  const compare = commandFor(context, "authority list");
  return [
    {
      level: isMost(rejected) ? "critical" : "warning",
      ...{ area: "refusals", code: "CA_NOT_TRUSTED", what },
      fix: `compare the root files of the clients with ${compare}, and their clocks with the CA's`,
      page: "docs/runbooks/handshake-failures.md",
    },
  ];
}
