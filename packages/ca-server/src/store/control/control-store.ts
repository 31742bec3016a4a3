import { type DurableFs, type Logger, SerialQueue } from "@kasbah/runtime";
import { Low } from "lowdb";
import { StateError } from "../../errors.ts";
import type { SlotContent } from "../embedded.ts";
import { type ControlDocument, createDocument } from "./document.ts";
import { createSlots, newestOf, type Slots, slotOf } from "./files.ts";

/** How a state becomes JSON and comes back; `decode` throws on anything that `encode` would not write. */
export interface StateCodec<S> {
  encode(state: S): unknown;
  decode(value: unknown): S;
}

export interface ControlStoreDeps<S> {
  /** Holds two files, of the last generation and the one before. */
  readonly directory: string;
  readonly codec: StateCodec<S>;
  /** Makes the first state of a new directory; undefined where a missing state must be a loss. */
  readonly initial: (() => S) | undefined;
  /** Adapts the previous generation, which is used when the last one was lost. */
  readonly recover: (state: S) => S;
  readonly fs?: DurableFs;
  readonly logger: Logger;
}

/**
 * The control state: a small value that survives crashes, full disks and one damaged file. Generation N lies in file
 * N mod 2, so that the generation before it is not touched while it is written. All writes go through one queue; the
 * candidate is durable before memory changes, and a candidate that failed leaves memory as it was.
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
   * Reads the last generation, or falls back to the one before and recovers.
   *
   * @throws StateError `STATE_MISSING` when there is none and none may be made, `STATE_DAMAGED` when none is sound,
   *   `STATE_NOT_DURABLE` when the first or the recovered state can not be written
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
        `every generation in ${directory} is damaged: restore the directory from a backup`,
      );
    }
    if (initial === undefined) {
      throw new StateError(
        "STATE_MISSING",
        `${directory} contains no state, but an authority existed here: restore it from a backup; with a new root every client would lose trust`,
      );
    }
    const store = new ControlStore(deps, slots, initial(), 0);
    await store.#write(store.current);
    return store;
  }

  /** The state in force, which is on disk. */
  get current(): S {
    return this.#current;
  }

  /**
   * Puts the state that `change` makes in force once it is durable. `change` gets the state in force when its turn has
   * come; returning the same object writes nothing, throwing concerns this caller alone.
   *
   * @throws StateError `STATE_NOT_DURABLE`: the state in force stays. What the disk holds is one of the two, and the next
   *   write replaces it by a file of its own, since a failed fsync must not be taken for done when it is repeated.
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
      // A database of its own for each candidate: lowdb's update() would change memory before the disk.
      await new Low<ControlDocument>(slot, document).write();
    } catch (cause) {
      throw new StateError("STATE_NOT_DURABLE", `cannot write ${slot.path}; nothing was changed`, {
        cause,
      });
    }
    this.#generation = generation;
    this.#current = candidate;
  }

  /** Written twice, so that both files are sound again. */
  async #recover(): Promise<void> {
    const { recover, logger, directory } = this.#deps;
    logger.warn("control state is damaged, using the last valid generation", {
      directory,
      generation: this.#generation,
    });
    const recovered = recover(this.#current);
    await this.#write(recovered);
    await this.#write(recovered);
  }
}

/** Both generations are there, each where it belongs; the first of all has none before it. */
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
