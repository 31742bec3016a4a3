import { describeSkippedRoot, type SkippedRoot } from "@kasbah/pki";
import type { Logger } from "@kasbah/runtime";

/** A reader of roots reports here what it skipped, each time it reads. */
export interface SkippedRootsObserver {
  /** `place` names the file or the reply. An empty list clears an earlier report of the same place. */
  onSkippedRoots(place: string, skipped: readonly SkippedRoot[]): void;
}

/** A damaged file may have a thousand blocks. */
const maxLogged = 20;

/** The roots that the agent could not use in the bundles it read last. */
export class SkippedRoots implements SkippedRootsObserver {
  readonly #logger: Logger;
  readonly #places = new Map<string, readonly string[]>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  onSkippedRoots(place: string, skipped: readonly SkippedRoot[]): void {
    const blocks = skipped.map(describeSkippedRoot);
    const isKnown = this.#places.get(place)?.join("\n") === blocks.join("\n");
    if (blocks.length === 0) this.#places.delete(place);
    else this.#places.set(place, blocks);
    if (isKnown) return;
    for (const block of blocks.slice(0, maxLogged)) {
      this.#logger.warn("skipped a root that cannot be used", { place, block });
    }
  }

  get total(): number {
    return [...this.#places.values()].reduce((sum, { length }) => sum + length, 0);
  }

  /** One sentence for each place. */
  warnings(): readonly string[] {
    return [...this.#places].map(([place, [first = "", ...more]]) => {
      const others = more.length === 0 ? "" : `; and ${more.length} more, see the log`;
      return `a root in ${place} is not used: ${first}${others}`;
    });
  }
}
