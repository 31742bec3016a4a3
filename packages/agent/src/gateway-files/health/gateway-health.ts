import type { Clock } from "@kasbah/runtime";
import type { RefusedName } from "../../sds/refused-names.ts";
import { describeCondition } from "./describe.ts";
import { type FileNameReport, type JudgedName, judgeName, nameConditions, worstFirst } from "./judge.ts";

/** The names that the provider serves now. */
export interface FileNames {
  /** Those that clients are subscribed to. */
  reports(): readonly FileNameReport[];
  /** The number of names that are not read because the limit of names is reached. */
  readonly waiting: number;
}

type Refusals = ReadonlyMap<string, RefusedName>;

/** A probe's answer is read by people: beyond these, the status command lists the rest. */
const maxWarnings = 10;

/** The condition of all gateway names, computed for each question. */
export class GatewayHealth {
  readonly #names: FileNames;
  readonly #clock: Clock;

  constructor(names: FileNames, clock: Clock) {
    this.#names = names;
    this.#clock = clock;
  }

  /** Names that wait because the limit is reached. */
  get waiting(): number {
    return this.#names.waiting;
  }

  /** All names, the worst first. */
  judged(refusals: Refusals): readonly JudgedName[] {
    const now = this.#clock.now();
    return this.#names
      .reports()
      .map((report) => judgeName(report, refusals.get(report.name), now))
      .sort(worstFirst);
  }

  /** The worst conditions as sentences, and the number of the others. */
  warnings(refusals: Refusals): readonly string[] {
    const now = this.#clock.now();
    const judged = this.judged(refusals);
    const sentences = nameConditions.flatMap((condition) =>
      judged.flatMap((name) => describeCondition(name, condition, now) ?? []),
    );
    const more = sentences.length - maxWarnings;
    return [
      ...sentences.slice(0, maxWarnings),
      ...(more > 0 ? [`${more} more warnings about gateway names; run kasbah-agent status`] : []),
      ...this.#overLimit(),
    ];
  }

  #overLimit(): readonly string[] {
    const { waiting } = this;
    if (waiting === 0) return [];
    return [`${waiting} more file names are not served, because clients request more than the agent allows`];
  }
}
