/** The control state behind whatever keeps it: memory follows what is durable. */
export interface StateStore<S> {
  /** The state in force, which is durable. */
  readonly current: S;
  /**
   * Puts the state that `change` makes in force once it is durable. `change` gets the state in force when its turn has
   * come, and again when another process changed it meanwhile; returning the same object writes nothing.
   *
   * @throws StateError `STATE_NOT_DURABLE`: the state in force stays; and what `change` throws
   */
  update(change: (current: S) => S): Promise<S>;
}

/** Acts on the changes that another replica makes to the state. */
export interface ForeignChangeListener<S> {
  /** Prepares what the next state needs, before that state takes effect. */
  prepare(next: S): Promise<void>;
  changed(next: S, before: S): void;
}
