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

/** What PBES2 stores beside the encrypted key. */
export interface SealParameters {
  readonly salt: Uint8Array;
  readonly iv: Uint8Array;
  readonly iterations: number;
}

/**
 * EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2): PBKDF2-HMAC-SHA-256 and AES-256-CBC.
 * @throws RangeError if the passphrase is empty or longer than 1024 octets
 */
export async function encryptPrivateKey(
  plain: Uint8Array,
  passphrase: string | Uint8Array,
  random: { readonly salt: Uint8Array; readonly iv: Uint8Array },
): Promise<Uint8Array> {
  const { length } = Buffer.from(passphrase);
  if (length === 0 || length > maxPassphraseLength) {
    throw new RangeError(`a passphrase must have 1 to ${maxPassphraseLength} octets`);
  }
  const key = await derive(passphrase, random.salt, iterations, keyLength, "sha256");
  return sealPrivateKey(plain, key, { ...random, iterations });
}

/** EncryptedPrivateKeyInfo under a key of 32 octets, which PBKDF2-HMAC-SHA-256 derived with these parameters. */
export function sealPrivateKey(
  plain: Uint8Array,
  key: Uint8Array,
  { salt, iv, iterations: rounds }: SealParameters,
): Uint8Array {
  const cipher = createCipheriv("aes-256-cbc", key, iv);
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()]);
  const hmac = encodeSequence(encodeOid(oid.hmacWithSha256), encode(tag.null));
  const kdf = encodeSequence(
    encodeOid(oid.pbkdf2),
    encodeSequence(encode(tag.octetString, salt), encodeCount(rounds), hmac),
  );
  const encryption = encodeSequence(encodeOid(oid.aes256Cbc), encode(tag.octetString, iv));
  const algorithm = encodeSequence(encodeOid(oid.pbes2), encodeSequence(kdf, encryption));
  return encodeSequence(algorithm, encode(tag.octetString, encrypted));
}

/** A positive INTEGER below 2^31, without needless octets. */
export function encodeCount(count: number): Uint8Array {
  const octets = Buffer.alloc(5);
  octets.writeUInt32BE(count, 1);
  const first = octets.findIndex((octet, index) => octet !== 0 || (octets[index + 1] ?? 0x80) >= 0x80);
  return encode(tag.integer, octets.subarray(first));
}
