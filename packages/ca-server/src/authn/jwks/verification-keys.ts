import type { JWTVerifyGetKey } from "jose";

/** The keys that token signatures are checked with, as the token authenticator needs them. */
export interface TokenKeys {
  /** @throws CaError `AUTHENTICATOR_UNAVAILABLE` when no set was ever loaded or the last one is too old. */
  current(): JWTVerifyGetKey;
  /**
   * Looks for a key that the set in hand has not; resolves when `current()` may know it.
   *
   * @throws CaError `AUTHENTICATOR_UNAVAILABLE` when the source is down, since the unknown key may be a good one.
   */
  refreshForUnknownKey(): Promise<void>;
}
