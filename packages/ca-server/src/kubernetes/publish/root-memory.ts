import type { Clock } from "@kasbah/runtime";
import { RestorePace } from "../watch/restore-pace.ts";
import { type Judgement, judge, type PublishedRoot } from "./root-config-map.ts";

/** What is remembered of the roots that were published: enough to see who else writes them. */
export class RootMemory {
  readonly #pace: RestorePace;
  /** By namespace, the digest of the last bundle of ours that was seen there. */
  readonly #lastRight = new Map<string, string>();
  readonly #conflicts = new Set<string>();

  constructor(clock: Clock) {
    this.#pace = new RestorePace(clock);
  }

  forget(namespace: string): void {
    this.#pace.forget(namespace);
    this.#lastRight.delete(namespace);
    this.#conflicts.delete(namespace);
  }

  judge(namespace: string, root: PublishedRoot | undefined, wanted: string): Judgement {
    return judge(root, wanted, this.#lastRight.get(namespace));
  }

  isConflict(namespace: string, root: PublishedRoot | undefined, wanted: string): boolean {
    const judgement = this.judge(namespace, root, wanted);
    return judgement === "another's" || (judgement === "wrong" && this.#pace.isContested(namespace));
  }

  /** What was seen. Gives what it begins or ends, when it does. */
  see(
    namespace: string,
    root: PublishedRoot | undefined,
    wanted: string,
  ): "conflict begins" | "conflict ends" | undefined {
    if (root?.digest === wanted) this.#lastRight.set(namespace, wanted);
    const isConflict = this.isConflict(namespace, root, wanted);
    if (isConflict === this.#conflicts.has(namespace)) return undefined;
    if (isConflict) this.#conflicts.add(namespace);
    else this.#conflicts.delete(namespace);
    return isConflict ? "conflict begins" : "conflict ends";
  }

  /** Gives whether it had been right before, and somebody changed it. */
  wrote(namespace: string, digest: string): boolean {
    const isRestored = this.#lastRight.get(namespace) === digest;
    if (isRestored) this.#pace.note(namespace);
    this.#lastRight.set(namespace, digest);
    return isRestored;
  }

  /** Until the root of a namespace may be written. */
  waitMs(namespace: string): number {
    return this.#pace.waitMs(namespace);
  }
}
