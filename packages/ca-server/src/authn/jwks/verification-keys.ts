import type { HeldKeys } from "./held-keys.ts";

/** The keys that verify token signatures. */
export interface TokenKeys {
  /** @throws CaError `AUTHENTICATOR_UNAVAILABLE` if no set was ever loaded or the last one is too old. */
  current(): HeldKeys;
  /**
   * Looks for a key that the current set does not contain. When it resolves, `current()` may contain it.
   *
   * @throws CaError `AUTHENTICATOR_UNAVAILABLE` if the source is unavailable, because the unknown key may be
   * valid.
   */
  refreshForUnknownKey(): Promise<void>;
}
