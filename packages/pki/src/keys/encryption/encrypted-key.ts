import { createCipheriv, pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { tag } from "../../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../../der/writer.ts";
import { oid } from "../../oids.ts";

/** OWASP's recommendation for PBKDF2 with HMAC-SHA-256. It takes a fifth of a second, once per start. */
const iterations = 600_000;
const keyLength = 32;

/**
 * OpenSSL reads passphrases into a buffer of this size, so it could never decrypt a key with a longer one.
 */
const maxPassphraseLength = 1024;

const derive = promisify(pbkdf2);

/**
 * EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2): PBKDF2-HMAC-SHA-256 and AES-256-CBC.
 * @throws RangeError if the passphrase is empty or longer than 1024 octets
 */
export async function encryptPrivateKey(
  plain: Uint8Array,
  passphrase: string | Uint8Array,
  { salt, iv }: { readonly salt: Uint8Array; readonly iv: Uint8Array },
): Promise<Uint8Array> {
  const { length } = Buffer.from(passphrase);
  if (length === 0 || length > maxPassphraseLength) {
    throw new RangeError(`a passphrase must have 1 to ${maxPassphraseLength} octets`);
  }
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
