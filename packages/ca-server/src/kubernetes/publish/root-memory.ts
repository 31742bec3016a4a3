import type { Clock } from "@kasbah/runtime";
import { RestorePace } from "../watch/restore-pace.ts";
import {
  compareRoot,
  type PublishedRoot,
  type RootCondition,
  type RootPublisherFacts,
} from "./root-config-map.ts";

/** Remembers the published roots, to detect other writers. */
export class RootMemory {
  readonly #pace: RestorePace;
  /** By namespace, the digest of the CA's last bundle that was seen there. */
  readonly #lastPublished = new Map<string, string>();
  readonly #conflicts = new Set<string>();

  readonly #publisher: RootPublisherFacts;

  constructor(clock: Clock, publisher: RootPublisherFacts) {
    this.#pace = new RestorePace(clock);
    this.#publisher = publisher;
  }

  forget(namespace: string): void {
    this.#pace.forget(namespace);
    this.#lastPublished.delete(namespace);
    this.#conflicts.delete(namespace);
  }

  compareRoot(namespace: string, root: PublishedRoot | undefined, wanted: string): RootCondition {
    return compareRoot(root, wanted, this.#lastPublished.get(namespace), this.#publisher);
  }

  isConflict(namespace: string, root: PublishedRoot | undefined, wanted: string): boolean {
    const condition = this.compareRoot(namespace, root, wanted);
    return condition === "foreign" || (condition === "outdated" && this.#pace.isContested(namespace));
  }

  /** Compares a root that was seen. Returns the beginning or end of a conflict, if it is one. */
  see(
    namespace: string,
    root: PublishedRoot | undefined,
    wanted: string,
  ): "conflict begins" | "conflict ends" | undefined {
    if (root?.digest === wanted) this.#lastPublished.set(namespace, wanted);
    const isConflict = this.isConflict(namespace, root, wanted);
    if (isConflict === this.#conflicts.has(namespace)) return undefined;
    if (isConflict) this.#conflicts.add(namespace);
    else this.#conflicts.delete(namespace);
    return isConflict ? "conflict begins" : "conflict ends";
  }

  /** Returns whether this write restores a root that another writer had changed; `isMark` if only marks differed. */
  wrote(namespace: string, digest: string, isMark: boolean): boolean {
    const isRestored = !isMark && this.#lastPublished.get(namespace) === digest;
    if (isRestored) this.#pace.note(namespace);
    this.#lastPublished.set(namespace, digest);
    return isRestored;
  }

  /** The time until the root of a namespace may be written. */
  waitMs(namespace: string): number {
    return this.#pace.waitMs(namespace);
  }
}
