import type { StatusFinding } from "../finding.ts";
import type { StatusActivity } from "../report.ts";
import { recentCounts } from "../sections/recent.ts";
import { commandFor, type RuleContext } from "./rule.ts";

/** Clients that reject the CA's own certificate, by the labels of kasbah_handshake_failures_total. */
const rejections: readonly string[] = ["unknown_root", "expired"];

/** So many that no single client with an old root file explains them. */
const many = 10;

/** Clients that leave because they do not trust the CA. */
export function judgeHandshakes(
  activity: StatusActivity | undefined,
  context: RuleContext,
): readonly StatusFinding[] {
  if (activity === undefined) return [];
  const counts = recentCounts(activity.handshakes, activity).filter(({ code }) => rejections.includes(code));
  const rejected = counts.reduce((sum, { count }) => sum + count, 0);
  if (rejected === 0) return [];
  const isMost = rejected >= many && rejected > activity.lastTenMinutes;
  const compare = commandFor(context, "authority list");
  return [
    {
      level: isMost ? "critical" : "warning",
      ...{ area: "refusals", code: "CA_NOT_TRUSTED" },
      what: `${rejected} connections in 10 minutes ended because the client rejected the CA's certificate`,
      fix: `compare the clients' root files with ${compare}, and their clocks with the CA's`,
      page: "docs/runbooks/handshake-failures.md",
    },
  ];
}
