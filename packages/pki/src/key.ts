import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign,
} from "node:crypto";
import { inspect, promisify } from "node:util";
import { encryptPrivateKey, requireBoundedCost } from "./encrypted-key.ts";
import { PkiError, withCodes } from "./errors.ts";
import { encodePem, parsePemBlock } from "./pem.ts";
import { type PublicKey, parseAuthorityKey } from "./public-key.ts";

/** The keys that we make. */
export type KeyType = "P-256" | "P-384" | "RSA-2048" | "RSA-3072" | "RSA-4096";

const serialLength = 16;
const encryptedLabel = "ENCRYPTED PRIVATE KEY";

/** A private key with its public half. Printing, inspecting or serialising it shows the type and nothing else. */
export class KeyPair {
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

  /** The private key, unencrypted (RFC 5958). For a file of mode 0600 or Envoy's socket, and for nothing else. */
  toPkcs8Pem(): string {
    return this.#privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  }

  /**
   * The private key, encrypted (RFC 5958 with PBES2 of RFC 8018): AES-256 under a key that PBKDF2 draws from the
   * passphrase in 600 000 rounds. OpenSSL reads it.
   */
  async toEncryptedPkcs8Pem(passphrase: string): Promise<string> {
    const plain = new Uint8Array(this.#privateKey.export({ format: "der", type: "pkcs8" }));
    const chance = { salt: randomBytes(16), iv: randomBytes(16) };
    return encodePem(encryptedLabel, await encryptPrivateKey(plain, passphrase, chance));
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

/**
 * Reads one PEM block of PKCS#8, SEC1 (`EC PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`); PKCS#8 may be encrypted.
 *
 * @throws PkiError `KEY_MALFORMED` or `KEY_REJECTED`; `KEY_ENCRYPTED` when it takes a passphrase and none was given,
 *   `KEY_PASSPHRASE_WRONG` when that does not open it
 */
export function parsePrivateKey(pem: string, passphrase?: string): KeyPair {
  const { label, type } = privateKeyFormat(pem);
  if (label === encryptedLabel) return parseEncryptedKey(pem, passphrase);
  try {
    const der = Buffer.from(parsePemBlock(pem, label));
    return new KeyPair(createPrivateKey({ key: der, format: "der", type }));
  } catch (cause) {
    if (cause instanceof PkiError && cause.code !== "PEM_MALFORMED") throw cause;
    // OpenSSL's own text stays in the cause; it says nothing of the key's bytes.
    throw new PkiError("KEY_MALFORMED", `the ${label} block cannot be read`, { cause });
  }
}

function parseEncryptedKey(pem: string, passphrase: string | undefined): KeyPair {
  if (passphrase === undefined)
    throw new PkiError("KEY_ENCRYPTED", "the key is encrypted, and no passphrase was given");
  const der = withCodes({ PEM_MALFORMED: "KEY_MALFORMED", DER_MALFORMED: "KEY_MALFORMED" }, () => {
    const bytes = parsePemBlock(pem, encryptedLabel);
    requireBoundedCost(bytes);
    return Buffer.from(bytes);
  });
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8", passphrase });
  } catch (cause) {
    // Padding that is right by chance gives other errors than a wrong passphrase usually does.
    throw new PkiError("KEY_PASSPHRASE_WRONG", "the passphrase does not open the key", { cause });
  }
  return new KeyPair(privateKey);
}

/**
 * A random serial of 16 octets. The first is never zero, so that every serial has 32 hexadecimal digits in
 * every tool; this takes a 1/256th of the 2^128 values away.
 */
export function createSerial(): Uint8Array {
  for (;;) {
    const serial = new Uint8Array(randomBytes(serialLength));
    if (serial[0] !== 0) return serial;
  }
}

const generateKeys = promisify(generateKeyPair);

async function generate(type: KeyType): Promise<KeyObject> {
  if (type === "P-256" || type === "P-384") {
    return (await generateKeys("ec", { namedCurve: type, paramEncoding: "named" })).privateKey;
  }
  const modulusLength = Number(type.slice("RSA-".length));
  return (await generateKeys("rsa", { modulusLength, publicExponent: 65_537 })).privateKey;
}

function privateKeyFormat(pem: string): { label: string; type: "pkcs8" | "sec1" | "pkcs1" } {
  const start = pem.trimStart();
  if (start.startsWith("-----BEGIN EC PRIVATE KEY-----")) return { label: "EC PRIVATE KEY", type: "sec1" };
  if (start.startsWith("-----BEGIN RSA PRIVATE KEY-----")) return { label: "RSA PRIVATE KEY", type: "pkcs1" };
  if (start.startsWith("-----BEGIN PRIVATE KEY-----")) return { label: "PRIVATE KEY", type: "pkcs8" };
  if (start.startsWith(`-----BEGIN ${encryptedLabel}-----`)) return { label: encryptedLabel, type: "pkcs8" };
  throw new PkiError(
    "KEY_MALFORMED",
    "the text is not one PRIVATE KEY, ENCRYPTED PRIVATE KEY, EC or RSA PRIVATE KEY block",
  );
}

function publicHalf(privateKey: KeyObject): Uint8Array {
  try {
    return createPublicKey(privateKey).export({ format: "der", type: "spki" });
  } catch (cause) {
    throw new PkiError("KEY_MALFORMED", "the private key has no usable public half", { cause });
  }
}
