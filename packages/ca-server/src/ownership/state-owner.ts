import { type Component, SerialQueue } from "@kasbah/runtime";
import type { AuthorityBacking } from "../authorities/backing.ts";
import type { AuthorityState } from "../authorities/rotation/authority-state.ts";
import type { ForeignChangeListener } from "../authorities/state-store.ts";
import { StateError } from "../errors.ts";
import { type MovedState, moveState } from "./move-state.ts";
import type { StatePlace } from "./place.ts";
import type { OpenedPlace } from "./shared-state.ts";

/** A place that can own the CA, and how to open it. */
export interface OwnerPlace {
  readonly place: StatePlace;
  readonly open: () => Promise<OpenedPlace>;
}

/**
 * The place that owns the CA in this process. Its backing stays the same object while the CA moves to another
 * place; writes wait until the move is complete.
 */
export class StateOwner implements Component {
  readonly name = "state owner";
  readonly backing: AuthorityBacking;
  #place: StatePlace;
  #opened: OpenedPlace;
  #listener: ForeignChangeListener<AuthorityState> | undefined;
  /** Set while neither place owns the CA, because a move was interrupted. */
  #interrupted: StateError | undefined;
  #isStarted = false;
  #isMoving = false;
  readonly #queue = new SerialQueue();

  constructor(place: StatePlace, opened: OpenedPlace) {
    this.#place = place;
    this.#opened = opened;
    this.backing = this.#createBacking();
  }

  /** The name of the place. */
  get placeName(): string {
    return this.#place.name;
  }

  /** Whether a mark in the place is this process's own. */
  get isMoving(): boolean {
    return this.#isMoving;
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    for (const component of this.#opened.components) await component.start();
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    for (const component of this.#opened.components) await component.stop();
  }

  /** Moves the CA; a move that was interrupted continues. @throws StateError */
  move({ place, open }: OwnerPlace): Promise<MovedState> {
    return this.#queue.run(async () => {
      this.#isMoving = true;
      const moved = await this.#moved(this.#place, place);
      if (this.#isStarted) for (const component of this.#opened.components) await component.stop();
      this.#opened = await open();
      this.#place = place;
      this.#interrupted = undefined;
      if (this.#listener !== undefined) this.#opened.backing.onForeignChange?.(this.#listener);
      if (this.#isStarted) for (const component of this.#opened.components) await component.start();
      this.#isMoving = false;
      return moved;
    });
  }

  async #moved(source: StatePlace, destination: StatePlace): Promise<MovedState> {
    try {
      return await moveState(source, destination);
    } catch (error) {
      const isOwner = await source.look().then(
        ({ kind }) => kind === "owner",
        () => false,
      );
      if (isOwner) this.#isMoving = false;
      else {
        const message = `the move from ${source.name} to ${destination.name} was interrupted: run it again`;
        this.#interrupted = new StateError("STATE_NOT_DURABLE", message, { cause: error });
      }
      throw error;
    }
  }

  #createBacking(): AuthorityBacking {
    const opened = () => this.#opened.backing;
    return {
      store: {
        get current() {
          return opened().store.current;
        },
        update: (change) => this.#write(({ store }) => store.update(change)),
      },
      vault: {
        find: (id) => opened().vault.find(id),
        holdsKey: (id) => opened().vault.holdsKey(id),
        put: (id, pair) => this.#write(({ vault }) => vault.put(id, pair)),
        remove: (id) => this.#write(({ vault }) => vault.remove(id)),
        placeOf: (id) => opened().vault.placeOf(id),
      },
      onForeignChange: (listener) => {
        this.#listener = listener;
        opened().onForeignChange?.(listener);
      },
    };
  }

  #write<T>(work: (backing: AuthorityBacking) => Promise<T>): Promise<T> {
    return this.#queue.run(() => {
      if (this.#interrupted !== undefined) throw this.#interrupted;
      return work(this.#opened.backing);
    });
  }
}
