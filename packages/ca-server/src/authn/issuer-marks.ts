import { hash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { TokenAuthenticator } from "./token-authenticator.ts";

const markDigits = 10;
/** More issuers than any CA has. */
const maxRemembered = 1_000;

/**
 * Issuer marks name the issuer whose token obtained a certificate. They are part of the serial, so that every replica
 * can refuse the renewals of an issuer that was removed, without the ledger.
 */
export class IssuerMarks {
  readonly #known: () => readonly string[];
  readonly #marks = new LRUCache<string, string>({ max: maxRemembered });

  /** @param known returns the issuers whose tokens the CA accepts now */
  constructor(known: () => readonly string[]) {
    this.#known = known;
  }

  markOf(issuer: string): string {
    const known = this.#marks.get(issuer);
    if (known !== undefined) return known;
    const mark = hash("sha256", issuer).slice(0, markDigits);
    this.#marks.set(issuer, mark);
    return mark;
  }

  /** Undefined if the CA no longer accepts tokens of the issuer. */
  issuerOf(mark: string): string | undefined {
    return this.#known().find((issuer) => this.markOf(issuer) === mark);
  }
}

/**
 * Binds the certificates of callers to the issuers of their tokens, unless they are bound to a pod of this cluster. The
 * API server may have several issuers, which the CA does not know, so only a key set's callers are bound.
 */
export function boundToIssuers(authenticator: TokenAuthenticator, marks: IssuerMarks): TokenAuthenticator {
  return {
    kind: authenticator.kind,
    checks: (token) => authenticator.checks(token),
    async authenticate(token) {
      const caller = await authenticator.authenticate(token);
      const { credential, podMark } = caller;
      const isBound = credential.kind === "jwks-token" && podMark === undefined;
      return isBound && credential.issuer !== undefined
        ? { ...caller, issuerMark: marks.markOf(credential.issuer) }
        : caller;
    },
  };
}
