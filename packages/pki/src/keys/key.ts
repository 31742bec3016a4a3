import { createPublicKey, generateKeyPair, type KeyObject, randomBytes, sign } from "node:crypto";
import { inspect, promisify } from "node:util";
import { PkiError } from "../errors.ts";
import { encodePem } from "../pem/pem.ts";
import { encryptPrivateKey } from "./encrypted-key.ts";
import { type PublicKey, parseAuthorityKey } from "./public-key.ts";
import type { SigningKey } from "./signing-key.ts";

/** The keys that we make. */
export type KeyType = "P-256" | "P-384" | "RSA-2048" | "RSA-3072" | "RSA-4096";

/**
 * How a private key is written in PEM: `traditional` is SEC1 (RFC 5915, `EC PRIVATE KEY`) or PKCS#1 (RFC 8017, `RSA PRIVATE
 * KEY`), `pkcs8` is RFC 5958 (`PRIVATE KEY`) for both.
 */
export type KeyFormat = "traditional" | "pkcs8";

/** A private key with its public half. Printing, inspecting or serialising it shows the type and nothing else. */
export class KeyPair implements SigningKey {
  readonly publicKey: PublicKey;
  readonly #privateKey: KeyObject;

  /** @throws PkiError `KEY_MALFORMED` or `KEY_REJECTED` */
  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.publicKey = parseAuthorityKey(publicHalf(privateKey));
  }

  /** Signs with the usual hash of the key's type: SHA-384 for P-384, else SHA-256. ECDSA as DER, RSA as PKCS#1 v1.5. */
  sign(data: Uint8Array): Uint8Array {
    const hash = this.publicKey.curve === "P-384" ? "sha384" : "sha256";
    return new Uint8Array(sign(hash, data, this.#privateKey));
  }

  /** The private key, unencrypted. For a file of mode 0600 or Envoy's socket, and for nothing else. */
  toPem(format: KeyFormat): string {
    const traditional = this.publicKey.isEc ? "sec1" : "pkcs1";
    const type = format === "pkcs8" ? "pkcs8" : traditional;
    return this.#privateKey.export({ format: "pem", type }).toString();
  }

  /** {@link toPem} as PKCS#8 (RFC 5958). */
  toPkcs8Pem(): string {
    return this.toPem("pkcs8");
  }

  /** The same as DER, for the SPIFFE Workload API's socket. */
  toPkcs8Der(): Uint8Array {
    return new Uint8Array(this.#privateKey.export({ format: "der", type: "pkcs8" }));
  }

  /**
   * The private key, encrypted (RFC 5958 with PBES2 of RFC 8018): AES-256 under a key that PBKDF2 draws from the
   * passphrase in 600 000 rounds. OpenSSL reads it. Never the same text twice.
   * @throws RangeError when the passphrase has no octets or more than 1024
   */
  async toEncryptedPkcs8Pem(passphrase: string | Uint8Array): Promise<string> {
    const plain = this.toPkcs8Der();
    const chance = { salt: randomBytes(16), iv: randomBytes(16) };
    return encodePem("ENCRYPTED PRIVATE KEY", await encryptPrivateKey(plain, passphrase, chance));
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

/** Makes a new key from the operating system's randomness, on the thread pool. */
export async function createKeyPair(type: KeyType): Promise<KeyPair> {
  return new KeyPair(await generate(type));
}

const generateKeys = promisify(generateKeyPair);

async function generate(type: KeyType): Promise<KeyObject> {
  if (type === "P-256" || type === "P-384") {
    return (await generateKeys("ec", { namedCurve: type, paramEncoding: "named" })).privateKey;
  }
  const modulusLength = Number(type.slice("RSA-".length));
  return (await generateKeys("rsa", { modulusLength, publicExponent: 65_537 })).privateKey;
}

function publicHalf(privateKey: KeyObject): Uint8Array {
  try {
    return createPublicKey(privateKey).export({ format: "der", type: "spki" });
  } catch (cause) {
    throw new PkiError("KEY_MALFORMED", "the private key has no usable public half", { cause });
  }
}
