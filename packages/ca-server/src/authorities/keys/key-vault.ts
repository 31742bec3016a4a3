import type { SigningPair } from "./authority-files.ts";

/** Durable storage of the authorities' keys, each with its certificate under the authority's id. */
export interface KeyVault {
  /**
   * Returns undefined if nothing is stored under the id. @throws StateError if the pair is incomplete or
   * unusable
   */
  find(id: string): Promise<SigningPair | undefined>;
  /** Resolves when the pair is durable; false if the id is taken. @throws StateError `STATE_NOT_DURABLE` */
  put(id: string, pair: SigningPair): Promise<boolean>;
  /** Whether a key is stored under the id. Does not read it. */
  holdsKey(id: string): Promise<boolean>;
  /** Destroys the key but keeps the certificate. Returns whether a key existed. */
  remove(id: string): Promise<boolean>;
  /** The storage location of an id, for messages. */
  placeOf(id: string): string;
}
