import type { Row } from "../report/row.ts";
import { widthOf } from "../statistics/spread.ts";

/** A ratio that does not depend on the machine, and how much it may vary as a share of it. */
export interface Ratio {
  readonly timesOpenssl: number;
  readonly noise: number;
}

/** The ratios of our CA, by suite and row. */
export type Ratios = Readonly<Record<string, Ratio>>;

/** Machines differ in more than their speed at ECDSA: caches, memory, other instructions. */
const leastNoise = 0.2;

/** Suites that call as fast as the CA answers; at a slower pace, CPU time depends on how often a core sleeps. */
const compared = ["issuance", "growth"];

/** The ratios of a run; rows of other CAs, and rows with failed calls, have none. */
export function ratiosOf(rows: readonly Row[], ours: string): Ratios {
  const measured = rows.filter(
    ({ suite, ca, timesOpenssl, failures }) =>
      compared.includes(suite) &&
      (ca === ours || ca.startsWith(`${ours} after `)) &&
      Number.isFinite(timesOpenssl.median) &&
      Object.keys(failures).length === 0,
  );
  return Object.fromEntries(
    measured.map(({ suite, name, ca, timesOpenssl }) => [
      ca === ours ? `${suite}: ${name}` : `${suite}: ${name}, ${ca.slice(ours.length + 1)}`,
      {
        timesOpenssl: rounded(timesOpenssl.median),
        noise: rounded(Math.max(leastNoise, widthOf(timesOpenssl))),
      },
    ]),
  );
}

/** A ratio that is worse than the committed one by more than its noise. */
export interface Regression {
  readonly row: string;
  readonly was: number;
  readonly is: number;
}

/** Rows that only one side has are not compared: a run may be of one suite. */
export function findRegressions(measured: Ratios, committed: Ratios): readonly Regression[] {
  return Object.entries(measured).flatMap(([row, { timesOpenssl }]) => {
    const before = committed[row];
    if (before === undefined || timesOpenssl <= before.timesOpenssl * (1 + before.noise)) return [];
    return [{ row, was: before.timesOpenssl, is: timesOpenssl }];
  });
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
