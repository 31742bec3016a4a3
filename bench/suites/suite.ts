import type { Contender } from "../contenders/contender.ts";
import type { Materials } from "../materials/materials.ts";
import type { Figure } from "../report/figures.ts";
import type { Row } from "../report/row.ts";

/** The parts of a run that every suite uses. */
export interface Bench {
  /** The CAs to measure: that of this checkout first, then those to compare it with. */
  readonly contenders: readonly Contender[];
  readonly materials: Materials;
  /** An empty folder for the suite. */
  readonly folder: string;
  readonly rounds: number;
  /** Calls of one row in one round. */
  readonly calls: number;
  /** Calls before the first round. V8 compiles a CA's code in the first tens of thousands. */
  readonly warmUp: number;
  /** Whether to measure every row instead of the most telling ones. */
  readonly full: boolean;
  /** Only the rows of `issuance` whose name contains this text. */
  readonly only: string;
  readonly workers: readonly number[];
  /** Measures the unit of the ratios, in microseconds. */
  unitUs(): number;
  /** Reports that one more of the suite's `steps` is done. */
  progress(text: string, share: number): void;
  /** Adds a sentence below the tables: what was not measured, and why. */
  note(sentence: string): void;
}

/** The result of a suite: rows of certificates, figures of anything else. */
export interface Measured {
  readonly rows?: readonly Row[];
  readonly figures?: readonly Figure[];
}

export interface Suite {
  readonly name: string;
  readonly title: string;
  /** How long the short form takes. */
  readonly takes: string;
  measure(bench: Bench): Promise<Measured>;
}

/** The run without other products, for questions about kasbah alone. */
export function withoutPeers(bench: Bench): Bench {
  return { ...bench, contenders: bench.contenders.filter(({ isPeer }) => !isPeer) };
}
