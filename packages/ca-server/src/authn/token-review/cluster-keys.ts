import { type BearerToken, rejected } from "../bearer-token.ts";
import type { TokenKeys } from "../jwks/verification-keys.ts";

/**
 * What the cluster's published keys say about a token: signed by one of them; signed by another key, which the API
 * server may still know; or nothing, because the CA cannot read them.
 */
export type TokenProof = "proven" | "unknown key" | "no keys";

type Judgement = TokenProof | "forged";

/**
 * Checks signatures with the keys that the API server publishes, so that an invented token costs no TokenReview. The
 * API server judges everything else.
 */
export class ClusterKeys {
  readonly #keys: TokenKeys;

  constructor(keys: TokenKeys) {
    this.#keys = keys;
  }

  /**
   * Fetches the keys again, at a limited pace, before it gives up on a token.
   *
   * @throws CaError `TOKEN_REJECTED` if the token names a published key, which did not sign it.
   */
  async prove(token: Pick<BearerToken, "signed">): Promise<TokenProof> {
    const first = this.#judge(token);
    if (first === "proven" || first === "no keys") return first;
    const verdict = (await this.#isRefreshed()) ? this.#judge(token) : first;
    if (verdict === "forged") throw rejected("the token's signature does not verify with the key it names");
    return verdict;
  }

  #judge({ signed }: Pick<BearerToken, "signed">): Judgement {
    const keys = this.#current();
    if (keys === undefined) return "no keys";
    const verdict = keys.judgeByAny(signed);
    if (verdict === "valid") return "proven";
    // Without a key id, another key than the one that was tried may have signed it.
    return verdict === "invalid" && signed.kid !== undefined ? "forged" : "unknown key";
  }

  #current() {
    try {
      return this.#keys.current();
    } catch {
      return undefined;
    }
  }

  async #isRefreshed(): Promise<boolean> {
    try {
      await this.#keys.refreshForUnknownKey();
      return true;
    } catch {
      return false;
    }
  }
}
