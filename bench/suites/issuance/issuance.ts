import { takeTurns } from "../../measure/take-turns.ts";
import type { Row } from "../../report/row.ts";
import type { Bench, Suite } from "../suite.ts";
import { measureGarbage } from "./garbage.ts";
import { byLaunch, type Scenario, scenarios } from "./scenarios.ts";

/** The CPU time of a certificate, for every kind of caller. */
export const issuance: Suite = {
  name: "issuance",
  title: "whole calls: TLS, token, CSR, signature, lint, durable record",
  takes: "3 min",
  async measure(bench) {
    const chosen = scenarios(bench.workers).filter(
      ({ short, name }) => (short || bench.full) && name.includes(bench.only),
    );
    const groups = [...byLaunch(chosen).values()];
    const rows: Row[] = [];
    for (const [index, group] of groups.entries()) {
      const share = [(0.9 * index) / groups.length, (0.9 * (index + 1)) / groups.length] as const;
      rows.push(...(await measureGroup(bench, group, share)));
    }
    return { rows, figures: bench.only === "" ? await measureGarbage(bench) : [] };
  },
};

async function measureGroup(
  bench: Bench,
  group: readonly Scenario[],
  share: readonly [number, number],
): Promise<readonly Row[]> {
  const [first] = group;
  if (first === undefined) return [];
  const turns = group.map(({ name, calls }) => ({
    name,
    callsOf: (_: unknown, round: number) => ({ ...calls, calls: countOf(bench, calls.callers, round) }),
  }));
  return takeTurns(bench, { suite: "issuance", launch: first.launch, turns, share });
}

/** V8 compiles what only this kind of call uses, such as the check of RSA keys, before the rounds that count. */
const warmUpCalls = 1_500;

/** One caller alone takes as long as many with several times its calls; a third is enough. */
function countOf({ calls }: Bench, callers: number, round: number): number {
  if (callers === 1) return Math.ceil(calls / 3);
  return round === 0 ? warmUpCalls : Math.max(calls, 2 * callers);
}
