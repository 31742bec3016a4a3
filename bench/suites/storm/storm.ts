import { usualLaunch } from "../../contenders/contender.ts";
import { usualCalls } from "../../measure/measured-ca.ts";
import { takeTurns } from "../../measure/take-turns.ts";
import type { Figure } from "../../report/figures.ts";
import type { Row } from "../../report/row.ts";
import type { Suite } from "../suite.ts";

/** Every pod of a mesh restarts at once: new connections from many addresses, repeated until each is served. */
export const storm: Suite = {
  name: "storm",
  title: "pods that all start at once, until the last one is served",
  takes: "1 min",
  async measure(bench) {
    const pods = bench.full ? 10_000 : 2_000;
    const calls = { ...usualCalls, newConnections: true, retry: true };
    const turns = [
      {
        name: `${pods.toLocaleString("en-US")} pods at once`,
        callsOf: (_: unknown, round: number) => {
          const count = round === 0 ? bench.calls : pods;
          return { ...calls, callers: count, calls: count };
        },
      },
    ];
    const rounds = Math.min(bench.rounds, 2);
    const rows = await takeTurns(
      { ...bench, rounds },
      { suite: "storm", launch: usualLaunch, turns, share: [0, 1] },
    );
    return { rows, figures: rows.flatMap((row) => figuresOf(row, pods)) };
  },
};

function figuresOf({ ca, perSecond, retries }: Row, pods: number): readonly Figure[] {
  const topic = "Storm";
  return [
    { topic, name: `time until all are served, ${ca}`, value: pods / perSecond.median, unit: "s" },
    { topic, name: `calls repeated in all rounds, ${ca}`, value: retries, unit: "" },
  ];
}
