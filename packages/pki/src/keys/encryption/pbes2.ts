import { toUnsigned } from "../../bytes.ts";
import { DerCursor, openElement } from "../../der/cursor.ts";
import { type DerElement, parseDer } from "../../der/reader.ts";
import { tag } from "../../der/tag.ts";
import { dottedOid, positiveInteger } from "../../der/values.ts";
import { PkiError } from "../../errors.ts";
import { oid } from "../../oids.ts";

/** Some seconds of one core. Values in common use are below a million. */
const maxIterations = 10_000_000n;

/** The memory limit of scrypt in octets, which OpenSSL shares. */
const maxScryptMemory = 32n * 1024n * 1024n;

/** N·r·p of scrypt, which its running time is proportional to: eight times OpenSSL's choice. */
const maxScryptWork = 1n << 20n;

const ciphers: ReadonlySet<string> = new Set([oid.aes128Cbc, oid.aes192Cbc, oid.aes256Cbc]);

/**
 * Rejects an EncryptedPrivateKeyInfo (RFC 5958 §3) that is weak or would take minutes to decrypt, before any
 * computation. It accepts PBES2 (RFC 8018 §6.2) with PBKDF2 or scrypt (RFC 7914 §7) and AES-CBC.
 * @throws PkiError `KEY_MALFORMED` or `DER_MALFORMED`
 */
export function checkEncryption(encryptedKey: Uint8Array): void {
  const info = openElement(parseDer(encryptedKey), tag.sequence, "EncryptedPrivateKeyInfo");
  const encryption = readAlgorithm(info.take(tag.sequence, "encryptionAlgorithm"));
  info.take(tag.octetString, "encryptedData");
  info.end();
  if (encryption.algorithm !== oid.pbes2) throw rejected("its encryption is older than PBES2");
  const schemes = openElement(encryption.parameters, tag.sequence, "PBES2-params");
  const derivation = readAlgorithm(schemes.take(tag.sequence, "keyDerivationFunc"));
  const cipher = readAlgorithm(schemes.take(tag.sequence, "encryptionScheme"));
  schemes.end();
  if (!ciphers.has(cipher.algorithm)) throw rejected("its cipher is not AES-CBC");
  checkDerivation(derivation);
}

interface Algorithm {
  readonly algorithm: string;
  readonly parameters: DerElement;
}

function readAlgorithm(element: DerElement): Algorithm {
  const fields = new DerCursor(element, "AlgorithmIdentifier");
  const algorithm = dottedOid(fields.take(tag.oid, "algorithm").content);
  const parameters = fields.takeAny("parameters");
  fields.end();
  return { algorithm, parameters };
}

function checkDerivation({ algorithm, parameters }: Algorithm): void {
  const fields = openElement(parameters, tag.sequence, "key derivation parameters");
  fields.take(tag.octetString, "salt");
  const next = (name: string) => toUnsigned(positiveInteger(fields.take(tag.integer, name), name));
  if (algorithm === oid.pbkdf2) checkPbkdf2(next("iterationCount"));
  else if (algorithm === oid.scrypt) {
    checkScrypt(next("costParameter"), next("blockSize"), next("parallelizationParameter"));
  } else throw rejected("its key derivation is neither PBKDF2 nor scrypt");
}

function checkPbkdf2(iterations: bigint): void {
  if (iterations > maxIterations) {
    throw rejected(`it demands more than ${maxIterations} iterations of PBKDF2`);
  }
}

function checkScrypt(n: bigint, r: bigint, p: bigint): void {
  if (128n * r * (n + p + 2n) > maxScryptMemory || n * r * p > maxScryptWork) {
    throw rejected("its scrypt parameters exceed the limit of memory or work");
  }
}

function rejected(reason: string): PkiError {
  return new PkiError(
    "KEY_MALFORMED",
    `the encrypted key is not supported, because ${reason}: convert it with openssl pkcs8 -topk8`,
  );
}
