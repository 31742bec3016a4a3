/** The control state in any kind of storage. Memory changes only after the storage. */
export interface StateStore<S> {
  /** The current state, which is durable. */
  readonly current: S;
  /**
   * Makes the state that `change` returns current once it is durable. `change` receives the current state at
   * its turn, and again after a change by another process. Returning the same object writes nothing.
   *
   * @throws StateError `STATE_NOT_DURABLE`, which leaves the current state unchanged; and any error of `change`
   */
  update(change: (current: S) => S): Promise<S>;
}

/** Acts on the changes that another replica makes to the state. */
export interface ForeignChangeListener<S> {
  /** Prepares what the next state needs, before that state takes effect. */
  prepare(next: S): Promise<void>;
  changed(next: S, before: S): void;
}
