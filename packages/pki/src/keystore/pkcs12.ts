import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Certificate } from "../certificate/certificate.ts";
import type { TrustBundle } from "../certificate/trust-bundle.ts";
import { sealPrivateKey } from "../keys/encryption/encrypted-key.ts";
import type { KeyPair } from "../keys/key.ts";
import { encodePfx, iterations } from "./pfx.ts";
import { certificateBag, friendlyName, keyBag, localKeyId, trustedKeyUsage } from "./safe-bag.ts";

export interface KeyStoreEntry {
  readonly alias: string;
  readonly keyPair: KeyPair;
  /** The certificate of the key, then its issuers. */
  readonly chain: readonly [Certificate, ...(readonly Certificate[])];
}

/**
 * A PKCS#12 key store (RFC 7292) with one key and its chain, which OpenSSL 3 and Java 17 read by default. The
 * key is encrypted as PBES2 with AES-256. The certificates are not encrypted, because they are public.
 *
 * The same entry always gives the same bytes: the salts are derived from the key itself, so only its owner
 * could predict them. The password must be printable ASCII.
 */
export function encodeKeyStore({ alias, keyPair, chain }: KeyStoreEntry, password: string): Uint8Array {
  const [leaf, ...issuers] = chain;
  const plain = keyPair.toPkcs8Der();
  const salts = createHmac("sha512", plain).update(password).update("\0").update(leaf.der).digest();
  const [salt, iv, macSalt] = [salts.subarray(0, 16), salts.subarray(16, 32), salts.subarray(32, 48)];
  const key = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const sealed = sealPrivateKey(plain, key, { salt, iv, iterations });
  plain.fill(0);
  key.fill(0);
  const marks = [friendlyName(alias), localKeyId(createHash("sha256").update(leaf.der).digest())];
  const certificates = [
    certificateBag(leaf.der, ...marks),
    ...issuers.map((issuer) => certificateBag(issuer.der)),
  ];
  return encodePfx([certificates, [keyBag(sealed, ...marks)]], password, macSalt);
}

/**
 * A PKCS#12 store of trusted certificates for Java. It contains no secret: the password only authenticates
 * it, and Java also reads it without one.
 */
export function encodeTrustStore({ roots }: TrustBundle, password: string): Uint8Array {
  const digest = createHash("sha256");
  for (const { der } of roots) digest.update(der);
  const bags = roots.map(({ der, fingerprint }) => {
    const alias = `root-${fingerprint.slice(0, 16)}`;
    return certificateBag(der, friendlyName(alias), trustedKeyUsage());
  });
  return encodePfx([bags], password, digest.digest().subarray(0, 16));
}
