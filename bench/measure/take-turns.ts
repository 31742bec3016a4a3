import { join } from "node:path";
import type { Launch } from "../contenders/contender.ts";
import type { Row } from "../report/row.ts";
import type { Bench } from "../suites/suite.ts";
import { type Calls, MeasuredCa } from "./measured-ca.ts";
import { type Compared, rowOf } from "./rows.ts";

/** One kind of call, measured in every round on every CA. */
export interface Turn {
  readonly name: string;
  /** Depends on the CA where the rate depends on its capacity. */
  readonly callsOf: (ca: MeasuredCa, round: number) => Calls;
}

export interface Turns {
  readonly suite: string;
  readonly launch: Launch;
  readonly turns: readonly Turn[];
  /** The part of the suite's progress that these turns are. */
  readonly share: readonly [from: number, to: number];
}

const warmUpCallers = 64;

/** Starts every CA that can be launched like this once. In every round, they take turns at each kind of call. */
export async function takeTurns(bench: Bench, group: Turns): Promise<readonly Row[]> {
  const cas = await startAll(bench, group);
  const rounds = new Map<string, Compared[]>();
  const keyOf = (turn: Turn, ca: MeasuredCa) => `${turn.name} ${ca.name}`;
  try {
    for (let round = 0; round <= bench.rounds; round += 1) {
      const unitUs = bench.unitUs();
      for (const [index, turn] of rotated(group.turns, round).entries()) {
        show(bench, group, { round, index, name: turn.name });
        for (const ca of rotated(cas, round)) {
          const sample = await ca.measure(turn.callsOf(ca, round));
          // The first round only warms each kind of call up.
          if (round > 0) append(rounds, keyOf(turn, ca), { ...sample, unitUs });
        }
      }
    }
    return group.turns.flatMap((turn) =>
      cas.map((ca) => {
        const labels = { suite: group.suite, name: turn.name, ca: ca.name, peakMib: ca.peakMib };
        return rowOf(labels, rounds.get(keyOf(turn, ca)) ?? []);
      }),
    );
  } finally {
    for (const ca of cas) await ca.stop();
  }
}

async function startAll(bench: Bench, { suite, launch, turns }: Turns): Promise<readonly MeasuredCa[]> {
  const cas: MeasuredCa[] = [];
  for (const contender of bench.contenders) {
    const why = contender.whyNot(launch);
    if (why !== undefined) {
      bench.note(`${suite}, ${turns[0]?.name}: ${why}`);
      continue;
    }
    const folder = join(bench.folder, `${suite}-${Object.values(launch).join("-")}-${cas.length}`);
    const ca = await MeasuredCa.start(contender, launch, folder, bench.materials);
    cas.push(ca);
    await ca.warmUp({ callers: warmUpCallers, calls: bench.warmUp });
  }
  return cas;
}

/** The first one of a round finds the processor's caches as openssl left them, so each is first in turn. */
function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

interface Step {
  readonly round: number;
  readonly index: number;
  readonly name: string;
}

function show(
  { progress, rounds }: Bench,
  { turns, share: [from, to] }: Turns,
  { round, index, name }: Step,
): void {
  const done = (round * turns.length + index) / ((rounds + 1) * turns.length);
  progress(`${name}, round ${round} of ${rounds}`, from + (to - from) * done);
}

function append<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}
