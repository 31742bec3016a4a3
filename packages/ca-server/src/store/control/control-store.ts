import { type DurableFs, type Logger, SerialQueue, storageFailure } from "@kasbah/runtime";
import { Low } from "lowdb";
import { StateError } from "../../errors.ts";
import type { SlotContent } from "../embedded.ts";
import { type ControlDocument, createDocument } from "./document.ts";
import { createSlots, newestOf, type Slots, slotOf } from "./files.ts";

/** Converts a state to JSON and back. `decode` throws on any value that `encode` would not write. */
export interface StateCodec<S> {
  encode(state: S): unknown;
  decode(value: unknown): S;
}

export interface ControlStoreDeps<S> {
  /** Contains two files: the last generation and the previous one. */
  readonly directory: string;
  readonly codec: StateCodec<S>;
  /** Creates the first state of a new directory; undefined if a missing state must be a loss. */
  readonly initial: (() => S) | undefined;
  /** Adapts the previous generation, which replaces a lost last one. */
  readonly recover: (state: S) => S;
  readonly fs?: DurableFs;
  readonly logger: Logger;
}

/**
 * The control state, a small value that survives crashes, full disks and one damaged file. File N mod 2
 * contains generation N, so a write never touches the generation before it. One queue serializes all writes.
 * The candidate is durable before memory changes, and a failed candidate leaves memory unchanged.
 */
export class ControlStore<S> {
  readonly #deps: ControlStoreDeps<S>;
  readonly #slots: Slots;
  #current: S;
  #generation: number;
  readonly #queue = new SerialQueue();

  private constructor(deps: ControlStoreDeps<S>, slots: Slots, current: S, generation: number) {
    this.#deps = deps;
    this.#slots = slots;
    this.#current = current;
    this.#generation = generation;
  }

  /**
   * Reads the last generation, or recovers from the previous one.
   * @throws StateError `STATE_MISSING` if none exists and none may be created, `STATE_DAMAGED` if both are
   * damaged, `STATE_NOT_DURABLE` if the first or the recovered state cannot be written
   */
  static async open<S>(deps: ControlStoreDeps<S>): Promise<ControlStore<S>> {
    const slots = createSlots(deps.directory, deps.fs);
    const [even, odd] = await Promise.all([slots[0].look(), slots[1].look()]);
    const last = newestOf([even, odd]);
    if (last === undefined) return ControlStore.#createFirst(deps, slots, [even, odd]);
    const store = new ControlStore(deps, slots, decode(last, deps), last.generation);
    if (isWhole(even, odd, last.generation)) return store;
    await store.#recover();
    return store;
  }

  static async #createFirst<S>(
    deps: ControlStoreDeps<S>,
    slots: Slots,
    found: readonly SlotContent[],
  ): Promise<ControlStore<S>> {
    const { directory, initial } = deps;
    if (found.some(({ kind }) => kind === "damaged")) {
      throw new StateError(
        "STATE_DAMAGED",
        `every generation in ${directory} is damaged: follow docs/runbooks/lost-state.md`,
      );
    }
    if (initial === undefined) {
      throw new StateError(
        "STATE_MISSING",
        `${directory} contains no state, but an authority existed here: restore it from a backup, or follow docs/runbooks/lost-state.md; clients would not trust a new root`,
      );
    }
    const store = new ControlStore(deps, slots, initial(), 0);
    await store.#write(store.current);
    return store;
  }

  /** The current state, which is on disk. */
  get current(): S {
    return this.#current;
  }

  /**
   * Makes the state that `change` returns current once it is durable. The same object means no write.
   * @throws StateError `STATE_NOT_DURABLE`: the current state is unchanged, the disk contains either state,
   * and the next write replaces the file, because repeating a failed fsync proves nothing
   */
  update(change: (current: S) => S): Promise<S> {
    return this.#queue.run(() => this.#apply(change));
  }

  async #apply(change: (current: S) => S): Promise<S> {
    const candidate = change(this.#current);
    if (candidate === this.#current) return candidate;
    await this.#write(candidate);
    return candidate;
  }

  async #write(candidate: S): Promise<void> {
    const generation = this.#generation + 1;
    const slot = slotOf(this.#slots, generation);
    try {
      const document = createDocument(generation, this.#deps.codec.encode(candidate));
      // Each candidate has its own database, because lowdb's update() would change memory before the disk.
      await new Low<ControlDocument>(slot, document).write();
    } catch (cause) {
      const reason = storageFailure(cause);
      throw new StateError("STATE_NOT_DURABLE", `cannot write ${slot.path}: ${reason}; nothing was changed`, {
        cause,
      });
    }
    this.#generation = generation;
    this.#current = candidate;
  }

  /** Writes twice, so that both files are valid again. */
  async #recover(): Promise<void> {
    const { recover, logger, directory } = this.#deps;
    logger.warn("control state is damaged; using the last valid generation", {
      directory,
      generation: this.#generation,
    });
    const recovered = recover(this.#current);
    await this.#write(recovered);
    await this.#write(recovered);
  }
}

/** Whether both generations exist in the right file. The first generation has none before it. */
function isWhole(even: SlotContent, odd: SlotContent, last: number): boolean {
  const [own, other] = last % 2 === 0 ? [even, odd] : [odd, even];
  if (own.kind !== "sound" || own.document.generation !== last) return false;
  if (last === 1) return other.kind === "missing";
  return other.kind === "sound" && other.document.generation === last - 1;
}

function decode<S>({ state }: ControlDocument, { codec, directory }: ControlStoreDeps<S>): S {
  try {
    return codec.decode(state);
  } catch (cause) {
    throw new StateError("STATE_DAMAGED", `this release does not recognize the state in ${directory}`, {
      cause,
    });
  }
}
