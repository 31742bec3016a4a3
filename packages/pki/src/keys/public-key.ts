import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { equalBytes } from "../bytes.ts";
import { PkiError, withCodes } from "../errors.ts";
import type { EcCurve } from "./ec-curve.ts";
import { authorityRsaLimits, callerRsaLimits, type RsaLimits } from "./rsa-rules.ts";
import { type KeyKind, parseSpki } from "./spki.ts";

/** A public key that has passed our rules: P-256 or P-384 on its curve, or RSA of an acceptable size and exponent. */
export class PublicKey {
  /** `P-256`, `P-384`, or `RSA-` with the bits of the modulus. */
  readonly type: string;
  /** The curve of an EC key. */
  readonly curve: EcCurve | undefined;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hexadecimal. */
  readonly hash: string;
  #keyObject: KeyObject | undefined;

  /** @throws PkiError `KEY_REJECTED` */
  constructor(spki: Uint8Array, limits: RsaLimits) {
    const kind = withCodes({ DER_MALFORMED: "KEY_REJECTED" }, () => parseSpki(spki, limits));
    this.type = typeOf(kind);
    this.curve = kind.family === "EC" ? kind.curve : undefined;
    this.spki = new Uint8Array(spki);
    this.hash = createHash("sha256").update(this.spki).digest("hex");
  }

  get isEc(): boolean {
    return this.curve !== undefined;
  }

  /** The key in OpenSSL's hands, made on first use. @throws PkiError `KEY_REJECTED` */
  get keyObject(): KeyObject {
    this.#keyObject ??= importKey(this.spki);
    return this.#keyObject;
  }

  equals(other: PublicKey): boolean {
    return equalBytes(this.spki, other.spki);
  }
}

/**
 * Reads a SubjectPublicKeyInfo from a stranger. P-256 and P-384 by name, RSA of 2048 to 4096 bits; everything
 * else is refused with the rule in the message. @throws PkiError `KEY_REJECTED`
 */
export function parsePublicKey(spki: Uint8Array): PublicKey {
  return new PublicKey(spki, callerRsaLimits);
}

/** Like {@link parsePublicKey} for the key of an authority, whose RSA modulus may have up to 8192 bits. @throws PkiError `KEY_REJECTED` */
export function parseAuthorityKey(spki: Uint8Array): PublicKey {
  return new PublicKey(spki, authorityRsaLimits);
}

function typeOf(kind: KeyKind): string {
  return kind.family === "EC" ? kind.curve : `RSA-${kind.bits}`;
}

function importKey(spki: Uint8Array): KeyObject {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch (cause) {
    throw new PkiError("KEY_REJECTED", "OpenSSL does not take the public key", { cause });
  }
}
