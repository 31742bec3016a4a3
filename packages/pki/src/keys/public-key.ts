import { createPublicKey, hash, type KeyObject } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import { PkiError, withCodes } from "../errors.ts";
import type { KeyAlgorithm } from "./key-algorithm.ts";
import { keyAlgorithms, trustedKeyAlgorithms } from "./key-types.ts";
import { rsaAlgorithm } from "./rsa/algorithm.ts";
import { authorityRsaLimits, callerRsaLimits, type RsaLimits } from "./rsa/rules.ts";
import { parseSpki } from "./spki.ts";

/** A public key of the accepted types: a point on its curve, or RSA of an acceptable size and exponent. */
export class PublicKey {
  /** `P-256`, `P-384`, or `RSA-` with the bits of the modulus. */
  readonly type: string;
  readonly algorithm: KeyAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly hash: string;
  /** Whether it has passed the rules for the keys of callers, which are stricter than those of authorities. */
  readonly isFitForCallers: boolean;
  #keyObject: KeyObject | undefined;

  /** @throws PkiError `KEY_REJECTED` */
  constructor(spki: Uint8Array, limits: RsaLimits, accepted: readonly KeyAlgorithm[] = keyAlgorithms) {
    const { type, algorithm } = withCodes({ DER_MALFORMED: "KEY_REJECTED" }, () =>
      parseSpki(spki, limits, accepted),
    );
    this.type = type;
    this.algorithm = algorithm;
    this.spki = new Uint8Array(spki);
    this.hash = hash("sha256", this.spki, "hex");
    this.isFitForCallers = limits === callerRsaLimits && accepted === keyAlgorithms;
  }

  /** OpenSSL's form of the key, imported on first use. @throws PkiError `KEY_REJECTED` */
  get keyObject(): KeyObject {
    this.#keyObject ??= importKey(this.spki);
    return this.#keyObject;
  }

  equals(other: PublicKey): boolean {
    return equalBytes(this.spki, other.spki);
  }
}

/**
 * Reads the SubjectPublicKeyInfo of an unauthenticated caller: P-256 and P-384 as named curves, RSA of 2048 to
 * 4096 bits. The error names the rule that rejected any other key. @throws PkiError `KEY_REJECTED`
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  return new PublicKey(spki, callerRsaLimits);
}

/** The keys that {@link parsePublicKey} accepts, in words for an error. */
export const acceptedKeys = describeAcceptedKeys();

/** Like {@link parsePublicKey}, for the key of an authority: RSA may have up to 8192 bits. @throws PkiError `KEY_REJECTED` */
export function parseAuthorityKey(spki: Uint8Array): PublicKey {
  return new PublicKey(spki, authorityRsaLimits);
}

/** Like {@link parseAuthorityKey}, for the key of a root that only verifies: P-521 and Ed25519 as well. @throws PkiError `KEY_REJECTED` */
export function parseTrustedKey(spki: Uint8Array): PublicKey {
  return new PublicKey(spki, authorityRsaLimits, trustedKeyAlgorithms);
}

function describeAcceptedKeys(): string {
  const { minBits, maxBits } = callerRsaLimits;
  const size = `RSA of ${minBits} to ${maxBits} bits`;
  const kinds = keyAlgorithms.map((each) => (each === rsaAlgorithm ? size : each.name));
  return `${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}`;
}

function importKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (cause) {
    throw new PkiError("KEY_REJECTED", "OpenSSL rejects the public key", { cause });
  }
}
