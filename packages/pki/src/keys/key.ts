import { createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { inspect } from "node:util";
import { PkiError } from "../errors.ts";
import { encodePem } from "../pem/pem.ts";
import { encodePemOctets } from "../pem/pem-octets.ts";
import { encryptPrivateKey } from "./encryption/encrypted-key.ts";
import { type KeyType, keyTypes } from "./key-types.ts";
import { type PublicKey, parseAuthorityKey } from "./public-key.ts";
import type { SigningKey } from "./signing-key.ts";

/**
 * The PEM form of a private key: `traditional` is SEC1 (RFC 5915, `EC PRIVATE KEY`) or PKCS#1 (RFC 8017,
 * `RSA PRIVATE KEY`), `pkcs8` is RFC 5958 (`PRIVATE KEY`) for every type.
 */
export type KeyFormat = "traditional" | "pkcs8";

/** A private key with its public half. Printing, inspecting or serializing it shows only its type. */
export class KeyPair implements SigningKey {
  readonly publicKey: PublicKey;
  readonly #privateKey: KeyObject;

  /** @throws PkiError `KEY_MALFORMED` or `KEY_REJECTED` */
  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.publicKey = parseAuthorityKey(publicHalf(privateKey));
  }

  /** Signs with the signature algorithm of the key type. ECDSA signatures are DER, RSA signatures PKCS#1 v1.5. */
  sign(data: Uint8Array): Uint8Array {
    return new Uint8Array(sign(this.publicKey.algorithm.signature.hash, data, this.#privateKey));
  }

  /** The unencrypted private key, only for a file of mode 0600 or for Envoy's socket. */
  toPem(format: KeyFormat): string {
    const type = format === "pkcs8" ? format : this.publicKey.algorithm.traditional.encoding;
    return this.#privateKey.export({ format: "pem", type }).toString();
  }

  /** {@link toPem} as PKCS#8 (RFC 5958). */
  toPkcs8Pem(): string {
    return this.toPem("pkcs8");
  }

  /** {@link toPkcs8Pem} as octets, which the caller can overwrite. */
  toPkcs8PemOctets(): Uint8Array {
    const der = this.toPkcs8Der();
    const pem = encodePemOctets("PRIVATE KEY", der);
    der.fill(0);
    return pem;
  }

  /** The unencrypted PKCS#8 key as DER, for the socket of the SPIFFE Workload API. */
  toPkcs8Der(): Uint8Array {
    const { buffer, byteOffset, byteLength } = this.#privateKey.export({ format: "der", type: "pkcs8" });
    return new Uint8Array(buffer, byteOffset, byteLength);
  }

  /**
   * The encrypted private key (RFC 5958 with PBES2 of RFC 8018): AES-256 under a key that PBKDF2 derives from the
   * passphrase in 600 000 rounds, with a fresh salt for each call. OpenSSL reads it.
   * @throws RangeError if the passphrase is empty or longer than 1024 octets
   */
  async toEncryptedPkcs8Pem(passphrase: string | Uint8Array): Promise<string> {
    const plain = this.toPkcs8Der();
    const random = { salt: randomBytes(16), iv: randomBytes(16) };
    try {
      return encodePem("ENCRYPTED PRIVATE KEY", await encryptPrivateKey(plain, passphrase, random));
    } finally {
      plain.fill(0);
    }
  }

  toString(): string {
    return `KeyPair(${this.publicKey.type})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Generates a key from the operating system's randomness, on the thread pool. */
export async function createKeyPair(type: KeyType): Promise<KeyPair> {
  return new KeyPair(await keyTypes[type].generate());
}

function publicHalf(privateKey: KeyObject): Uint8Array {
  try {
    return createPublicKey(privateKey).export({ format: "der", type: "spki" });
  } catch (cause) {
    throw new PkiError("KEY_MALFORMED", "the private key has no usable public half", { cause });
  }
}
