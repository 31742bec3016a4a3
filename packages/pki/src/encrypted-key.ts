import { createCipheriv, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { toUnsigned } from "./bytes.ts";
import { openElement } from "./der/cursor.ts";
import { type DerElement, parseDer } from "./der/reader.ts";
import { tag } from "./der/tag.ts";
import { dottedOid, positiveInteger } from "./der/values.ts";
import { encode, encodeOid, encodeSequence } from "./der/writer.ts";
import { PkiError } from "./errors.ts";
import { oid } from "./oids.ts";

/** What OWASP asks of PBKDF2 with HMAC-SHA-256; a fifth of a second here, once for each start. */
const iterations = 600_000;
const keyLength = 32;

/** Far above what anybody uses, and some seconds of work: a file must not be able to ask for more. */
const maxIterations = 10_000_000n;
const maxScryptCost = 2n ** 20n * 8n;

const derive = promisify(pbkdf2);

/** EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2): PBKDF2-HMAC-SHA-256 and AES-256-CBC. */
export async function encryptPrivateKey(
  plain: Uint8Array,
  passphrase: string,
  { salt, iv }: { readonly salt: Uint8Array; readonly iv: Uint8Array },
): Promise<Uint8Array> {
  const key = await derive(passphrase, salt, iterations, keyLength, "sha256");
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const hmac = encodeSequence(encodeOid(oid.hmacWithSha256), encode(tag.null));
  const rounds = encode(tag.integer, Buffer.from(iterations.toString(16).padStart(6, "0"), "hex"));
  const kdf = encodeSequence(
    encodeOid(oid.pbkdf2),
    encodeSequence(encode(tag.octetString, salt), rounds, hmac),
  );
  const encryption = encodeSequence(encodeOid(oid.aes256Cbc), encode(tag.octetString, iv));
  const algorithm = encodeSequence(encodeOid(oid.pbes2), encodeSequence(kdf, encryption));
  return encodeSequence(algorithm, encode(tag.octetString, encrypted));
}

/**
 * Looks at the work that an encrypted key asks for before anybody does it.
 *
 * @throws PkiError `KEY_MALFORMED` for another scheme than PBES2, or more work than any honest file asks for
 */
export function requireBoundedCost(encryptedKey: Uint8Array): void {
  const scheme = openElement(firstOf(parseDer(encryptedKey)), tag.sequence, "AlgorithmIdentifier");
  if (dottedOid(scheme.take(tag.oid, "algorithm").content) !== oid.pbes2) {
    throw new PkiError(
      "KEY_MALFORMED",
      "the key is not encrypted with PBES2: convert it by openssl pkcs8 -topk8 -v2 aes-256-cbc",
    );
  }
  const kdf = openElement(
    firstOf(scheme.take(tag.sequence, "PBES2-params")),
    tag.sequence,
    "keyDerivationFunc",
  );
  const algorithm = dottedOid(kdf.take(tag.oid, "algorithm").content);
  const numbers = kdf
    .take(tag.sequence, "parameters")
    .children.filter((child) => child.tag === tag.integer)
    .map((child) => toUnsigned(positiveInteger(child, "parameter")));
  if (algorithm === oid.pbkdf2 && (numbers[0] ?? 0n) <= maxIterations) return;
  const [cost = 0n, blockSize = 0n, parallel = 0n] = numbers;
  if (algorithm === oid.scrypt && cost * blockSize * parallel <= maxScryptCost) return;
  throw new PkiError(
    "KEY_MALFORMED",
    "the key asks for more work than any passphrase needs, or for an unknown derivation",
  );
}

function firstOf({ children: [first] }: DerElement): DerElement {
  if (first === undefined) throw new PkiError("DER_MALFORMED", "the structure is empty");
  return first;
}
