import type { ActivityMessage, CountedActivityMessage, OverviewMessage } from "@kasbah/protocol";
import { mergeIdentityTotals } from "../../authority/merge-identity-totals.ts";
import type { CodeCounts, StatusActivity, StatusIdentities } from "../report.ts";
import { recentSum } from "./recent.ts";

/** More than the CA has codes; a replica cannot make the report as large as it likes. */
const mostCodes = 100;
const mostIdentities = 20;

/** The activity of all replicas together, by the intervals of the first one; undefined without one. */
export function totalActivity(overviews: readonly OverviewMessage[]): StatusActivity | undefined {
  const all = overviews.map(({ activity }) => activity);
  const [first] = all;
  if (first === undefined) return undefined;
  const alike = all.filter(({ bucketMs }) => bucketMs === first.bucketMs);
  const endsAt = new Date(Math.max(...alike.map((one) => one.endsAt.getTime())));
  const { bucketMs } = first;
  const issued = sumOf(alike, endsAt, ({ issued: counts }) => counts);
  const refused = byCode(alike, endsAt, ({ refused: counted }) => counted);
  const recent = (minutes: number) => recentSum(issued, bucketMs, minutes);
  const refusals = refused.map(({ counts }) => recentSum(counts, bucketMs, 10));
  return {
    ...{ bucketMs, endsAt, issued, refused },
    ...{ lastMinute: recent(1), lastTenMinutes: recent(10), lastHour: recent(60) },
    refusedLastTenMinutes: refusals.reduce((sum, one) => sum + one, 0),
    handshakes: byCode(alike, endsAt, ({ handshakes }) => handshakes),
  };
}

function byCode(
  all: readonly ActivityMessage[],
  endsAt: Date,
  countedOf: (one: ActivityMessage) => readonly CountedActivityMessage[],
): readonly CodeCounts[] {
  const codes = [...new Set(all.flatMap((one) => countedOf(one).map(({ code }) => code)))];
  return codes.slice(0, mostCodes).map((code) => ({
    code,
    counts: sumOf(all, endsAt, (one) => countedOf(one).find((each) => each.code === code)?.counts ?? []),
  }));
}

/** Replicas answer at different moments, so the newest intervals of some are older. */
function sumOf(
  all: readonly ActivityMessage[],
  endsAt: Date,
  countsOf: (one: ActivityMessage) => readonly number[],
): readonly number[] {
  const length = Math.max(...all.map(({ issued }) => issued.length));
  const sums = new Array<number>(length).fill(0);
  for (const one of all) {
    const behind = Math.round((endsAt.getTime() - one.endsAt.getTime()) / one.bucketMs);
    for (const [fromEnd, count] of countsOf(one).toReversed().entries()) {
      const at = length - 1 - fromEnd - behind;
      if (at >= 0) sums[at] = (sums[at] ?? 0) + count;
    }
  }
  return sums;
}

/** The identities of all replicas; undefined without an overview. */
export function identitiesOf(overviews: readonly OverviewMessage[]): StatusIdentities | undefined {
  const [first, ...others] = overviews.map(({ identities }) => identities);
  if (first === undefined) return undefined;
  const merged = others.length === 0 ? first : mergeIdentityTotals([first, ...others]);
  const { live, late, soonest, partial } = merged;
  return { live, late, soonest: soonest.slice(0, mostIdentities), partial };
}
