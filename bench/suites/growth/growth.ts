import { join } from "node:path";
import { type Contender, usualLaunch } from "../../contenders/contender.ts";
import { measureLedger } from "../../ledger/ledger.ts";
import { usualCalls } from "../../measure/measured-ca.ts";
import { takeTurns } from "../../measure/take-turns.ts";
import type { Figure } from "../../report/figures.ts";
import type { Row } from "../../report/row.ts";
import type { Suite } from "../suite.ts";
import { prefillLedger } from "./prefill.ts";

/** What a certificate costs a CA that has issued many before. */
export const growth: Suite = {
  name: "growth",
  title: "CPU of a certificate after 0, 100,000 and (--full) a million others",
  takes: "1 min",
  async measure(bench) {
    const [kasbah] = bench.contenders;
    if (kasbah === undefined) return {};
    const sizes = bench.full ? [0, 100_000, 1_000_000] : [0, 100_000];
    const contenders = sizes.map((size) => withHistory(kasbah, size));
    const turns = [
      { name: "16 callers", callsOf: () => ({ ...usualCalls, callers: 16, calls: bench.calls }) },
    ];
    const group = { suite: "growth", launch: usualLaunch, turns, share: [0, 1] } as const;
    const rows = await takeTurns({ ...bench, contenders }, group);
    const index = bench.full ? await measureLedger(join(bench.folder, "index")) : [];
    return { rows, figures: [...rows.slice(1).map((row) => compare(row, rows[0])), ...index] };
  },
};

/** The CA, started on a ledger that already holds so many entries. */
function withHistory(kasbah: Contender, size: number): Contender {
  return {
    ...kasbah,
    name: `${kasbah.name} after ${size.toLocaleString("en-US")}`,
    async start(launch, folder, materials) {
      if (size > 0) {
        await (await kasbah.start(launch, folder, materials)).stop();
        await prefillLedger(join(folder, "state"), size);
      }
      return kasbah.start(launch, folder, materials);
    },
  };
}

function compare({ ca, cpuMs }: Row, first: Row | undefined): Figure {
  const against = { ratio: cpuMs.median / (first?.cpuMs.median ?? Number.NaN), of: "an empty ledger" };
  return { topic: "Growth", name: `CPU of a certificate, ${ca}`, value: cpuMs.median, unit: "ms", against };
}
