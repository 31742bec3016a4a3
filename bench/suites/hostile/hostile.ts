import { usualLaunch } from "../../contenders/contender.ts";
import { usualCalls } from "../../measure/measured-ca.ts";
import { takeTurns } from "../../measure/take-turns.ts";
import type { Figure } from "../../report/figures.ts";
import type { Row } from "../../report/row.ts";
import { type Suite, withoutPeers } from "../suite.ts";

const callers = 64;
/** The rate of the good calls, as a share of the capacity, with and without the hostile ones. */
const share = 0.4;
const hostileEvery = 5;
const names = ["good calls alone", "the same among 20 % hostile calls"] as const;

/** Whether callers suffer while one call in five is hostile: forged, too long, without a token, broken. */
export const hostile: Suite = {
  name: "hostile",
  title: "latency of good calls while one call in five is hostile",
  takes: "40 s",
  async measure(bench) {
    const [clean, mixed] = names;
    const paced = (capacity: number, all: number) => ({
      ...usualCalls,
      callers,
      calls: Math.ceil(bench.calls * all),
      perSecond: capacity * share * all,
    });
    const turns = [
      { name: clean, callsOf: (ca: { readonly capacity: number }) => paced(ca.capacity, 1) },
      {
        name: mixed,
        callsOf: (ca: { readonly capacity: number }) => ({
          ...paced(ca.capacity, hostileEvery / (hostileEvery - 1)),
          hostileEvery,
        }),
      },
    ];
    const rows = await takeTurns(withoutPeers(bench), {
      suite: "hostile",
      launch: usualLaunch,
      turns,
      share: [0, 1],
    });
    return { rows, figures: compare(rows) };
  },
};

function compare(rows: readonly Row[]): readonly Figure[] {
  const [clean, mixed] = names;
  return rows
    .filter(({ name }) => name === mixed)
    .map(({ ca, p99Ms }) => {
      const alone = rows.find((row) => row.ca === ca && row.name === clean)?.p99Ms.median ?? Number.NaN;
      const against = { ratio: p99Ms.median / alone, of: "alone" };
      const name = `p99 of good calls, ${ca}`;
      return { topic: "20 % hostile calls", name, value: p99Ms.median, unit: "ms", against };
    });
}
