import { PkiError } from "../errors.ts";

const maxLength = 255;
const allowed = /^[a-z0-9._-]+$/;

/** The name of a trust domain, always valid (SPIFFE-ID §2.1): 1 to 255 of `a-z 0-9 . - _`. */
export class TrustDomain {
  readonly name: string;

  /** @throws PkiError `SPIFFE_ID_MALFORMED` */
  constructor(name: string) {
    if (name.length === 0) throw new PkiError("SPIFFE_ID_MALFORMED", "the trust domain is empty");
    if (name.length > maxLength) {
      throw new PkiError("SPIFFE_ID_MALFORMED", `the trust domain is longer than ${maxLength} characters`);
    }
    if (!allowed.test(name)) {
      throw new PkiError("SPIFFE_ID_MALFORMED", "the trust domain has characters outside a-z 0-9 . - _");
    }
    this.name = name;
  }

  toString(): string {
    return this.name;
  }

  equals(other: TrustDomain): boolean {
    return this.name === other.name;
  }
}

/** Reads a trust domain's bare name, such as `cluster.local`. @throws PkiError `SPIFFE_ID_MALFORMED` */
export function parseTrustDomain(text: string): TrustDomain {
  return new TrustDomain(text);
}
