import { describeSkippedRoot, type SkippedRoot } from "@kasbah/pki";
import type { Clock, Logger } from "@kasbah/runtime";
import { type AuthorityState, authorityOf } from "../../rotation/authority-state.ts";

export interface DirectoryReportDeps {
  readonly directory: string;
  readonly state: () => AuthorityState;
  readonly clock: Clock;
  readonly logger: Logger;
}

const dayMs = 24 * 60 * 60_000;
/** A damaged file may have a thousand blocks. */
const maxLogged = 20;

/** What an operator should know about the directory although its content stops nothing. */
export class DirectoryReport {
  readonly #deps: DirectoryReportDeps;
  /** Set while the directory contains no CA. */
  #absence: string | undefined;
  #seenAt: Date | undefined;
  #skipped: readonly SkippedRoot[] = [];

  constructor(deps: DirectoryReportDeps) {
    this.#deps = deps;
  }

  /** The number of blocks in the operator's root file that are not usable roots. */
  get skippedRoots(): number {
    return this.#skipped.length;
  }

  /** The directory contains files of a CA, which need not be valid. */
  seen(): void {
    this.#seenAt = this.#deps.clock.now();
  }

  /** The directory contains a valid set. */
  found(skipped: readonly SkippedRoot[]): void {
    const { directory, logger } = this.#deps;
    this.seen();
    this.#absence = undefined;
    const known = new Set(this.#skipped.map(describeSkippedRoot));
    this.#skipped = skipped;
    const added = skipped.map(describeSkippedRoot).filter((block) => !known.has(block));
    for (const block of added.slice(0, maxLogged)) {
      logger.warn("skipped a root that cannot be used", { place: directory, block });
    }
  }

  /** The CA keeps running on its own copy: an unmounted volume or an upgrade must not stop it. */
  missing(absence: string): void {
    this.#skipped = [];
    this.#absence = absence;
    this.#deps.logger.warn("no plugged-in CA in the directory", { warning: this.#absenceWarning(absence) });
  }

  /** One sentence each. */
  warnings(): readonly string[] {
    const [first, ...more] = this.#skipped;
    const others = more.length === 0 ? "" : `; and ${more.length} more, see the log`;
    const root =
      first && `a root in ${this.#deps.directory} is not used: ${describeSkippedRoot(first)}${others}`;
    const absence = this.#absence === undefined ? undefined : this.#absenceWarning(this.#absence);
    return [absence, root].filter((one) => one !== undefined);
  }

  #absenceWarning(absence: string): string {
    const { state, clock } = this.#deps;
    const { id, origin, stageSince } = authorityOf(state(), state().signerId);
    const what = `--root-ca-dir is set, but ${absence}: the CA continues with`;
    const way = "correct the path or the mount of --root-ca-dir";
    if (origin === "self-signed") return `${what} ${id}, which it created itself: ${way}, or remove the flag`;
    const sinceMs = clock.now().getTime() - (this.#seenAt ?? stageSince).getTime();
    return `${what} its copy of ${id}, which is ${ageOf(sinceMs)} old: ${way}`;
  }
}

function ageOf(ms: number): string {
  const days = Math.floor(ms / dayMs);
  if (days < 1) return "less than a day";
  return `${days} ${days === 1 ? "day" : "days"}`;
}
