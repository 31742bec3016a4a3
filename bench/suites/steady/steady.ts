import { usualLaunch } from "../../contenders/contender.ts";
import { usualCalls } from "../../measure/measured-ca.ts";
import { takeTurns } from "../../measure/take-turns.ts";
import type { Figure } from "../../report/figures.ts";
import type { Row } from "../../report/row.ts";
import { type Suite, withoutPeers } from "../suite.ts";

const shares = [0.25, 0.5];
const callers = 64;

/** An ordinary day: calls at a fraction of what the CA could do, however long earlier ones take. */
export const steady: Suite = {
  name: "steady",
  title: "a paced load at a quarter and at half of the capacity: CPU share, latency",
  takes: "40 s",
  async measure(bench) {
    const turns = shares.map((share) => ({
      name: `paced at ${share * 100} % of the capacity`,
      callsOf: (ca: { readonly capacity: number }) => ({
        ...usualCalls,
        callers,
        calls: Math.ceil(bench.calls * share * 2),
        perSecond: ca.capacity * share,
      }),
    }));
    const rows = await takeTurns(withoutPeers(bench), {
      suite: "steady",
      launch: usualLaunch,
      turns,
      share: [0, 1],
    });
    return { rows, figures: rows.map(cpuShare) };
  },
};

function cpuShare({ name, ca, cpuMs, perSecond }: Row): Figure {
  const value = (cpuMs.median * perSecond.median) / 10;
  return { topic: "CPU of a steady load", name: `${ca}, ${name}`, value, unit: "% of a core" };
}
