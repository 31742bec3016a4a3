import { compactVerify, decodeProtectedHeader, errors } from "jose";
import type { BearerToken } from "../bearer-token.ts";
import { rejected } from "../bearer-token.ts";
import { tokenAlgorithms } from "../jwks/key-set.ts";
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
  async prove(token: Pick<BearerToken, "text">): Promise<TokenProof> {
    const first = await this.#judge(token);
    if (first === "proven" || first === "no keys") return first;
    const verdict = (await this.#isRefreshed()) ? await this.#judge(token) : first;
    if (verdict === "forged") throw rejected("the token's signature does not verify with the key it names");
    return verdict;
  }

  async #judge({ text }: Pick<BearerToken, "text">): Promise<Judgement> {
    const keys = this.#current();
    if (keys === undefined) return "no keys";
    try {
      await compactVerify(text, keys, { algorithms: [...tokenAlgorithms] });
      return "proven";
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return verifiedByAny(text, error);
      // Without a key id, another key than the one that was tried may have signed it.
      return error instanceof errors.JWSSignatureVerificationFailed && namesKey(text)
        ? "forged"
        : "unknown key";
    }
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

const maxCandidates = 8;

async function verifiedByAny(
  text: string,
  candidates: errors.JWKSMultipleMatchingKeys,
): Promise<"proven" | "unknown key"> {
  let tried = 0;
  for await (const key of candidates) {
    if (await isSignedBy(text, key)) return "proven";
    tried += 1;
    if (tried === maxCandidates) break;
  }
  return "unknown key";
}

function isSignedBy(text: string, key: CryptoKey): Promise<boolean> {
  return compactVerify(text, key, { algorithms: [...tokenAlgorithms] }).then(
    () => true,
    () => false,
  );
}

function namesKey(text: string): boolean {
  return typeof decodeProtectedHeader(text).kid === "string";
}
