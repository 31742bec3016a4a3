/** The keys and certificates of one authority, as stored. A retired authority has no key. */
export interface StoredFiles {
  readonly key: string | undefined;
  readonly certificate: string;
}

/** Everything that a place stores about a CA: the encoded control state, and the PEM files by authority id. */
export interface StoredCa {
  readonly state: unknown;
  readonly files: ReadonlyMap<string, StoredFiles>;
}

/** A CA without its keys. */
export type CaState = Pick<StoredCa, "state">;

/** What a place knows about the CA. */
export type PlaceContent<Ca = StoredCa> =
  | { readonly kind: "empty" }
  | { readonly kind: "owner"; readonly ca: Ca }
  /** A copy that a move has written but not yet put into use. */
  | { readonly kind: "arriving"; readonly from: string; readonly ca: Ca }
  /** The CA was moved elsewhere. Its keys stay until the destination has been verified. */
  | { readonly kind: "moved"; readonly to: string; readonly ca: Ca };

/**
 * A storage location of a CA: a state directory or a Secret. At most one place owns a CA. Each operation is
 * durable when it resolves, and may be repeated after a crash.
 */
export interface StatePlace {
  /** For messages and marks, such as `Secret kasbah-system/kasbah-ca`. */
  readonly name: string;
  /** @throws StateError `STATE_DAMAGED` */
  read(): Promise<PlaceContent>;
  /** Like `read`, without the keys: they would stay in memory. @throws StateError `STATE_DAMAGED` */
  look(): Promise<PlaceContent<CaState>>;
  /** Writes a copy that no CA uses yet. */
  stage(from: string, ca: StoredCa): Promise<void>;
  /** Makes the staged copy the CA of this place. */
  commit(): Promise<void>;
  /** Marks the CA of this place as moved, so that no CA uses it. The keys stay. */
  retire(to: string): Promise<void>;
  /** Destroys the keys of a CA that was moved elsewhere. */
  erase(): Promise<void>;
}
