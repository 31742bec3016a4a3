import type { Crypto } from "@peculiar/webcrypto";
import type { KeyPair } from "../key.ts";
import { parsePemBlock } from "../pem.ts";
import type { PublicKey } from "../public-key.ts";

/** A signer's private key in WebCrypto's hands, with the algorithm that it signs with. */
export interface SigningKey {
  readonly cryptoKey: CryptoKey;
  readonly algorithm: { readonly name: string; readonly hash: string };
}

/** Imports each signer's key once; a key that nobody holds any more is forgotten. */
export interface SigningKeys {
  of(keyPair: KeyPair): Promise<SigningKey>;
}

export function createSigningKeys(crypto: Crypto): SigningKeys {
  const imported = new WeakMap<KeyPair, Promise<SigningKey>>();
  return {
    of(keyPair) {
      const known = imported.get(keyPair) ?? importKey(crypto, keyPair);
      imported.set(keyPair, known);
      return known;
    },
  };
}

async function importKey(crypto: Crypto, keyPair: KeyPair): Promise<SigningKey> {
  const { curve } = keyPair.publicKey;
  const algorithm = signatureAlgorithm(keyPair.publicKey);
  const parameters = curve === undefined ? algorithm : { name: algorithm.name, namedCurve: curve };
  const pkcs8 = Buffer.from(parsePemBlock(keyPair.toPkcs8Pem(), "PRIVATE KEY"));
  const cryptoKey = await crypto.subtle.importKey("pkcs8", pkcs8, parameters, false, ["sign"]);
  return { cryptoKey, algorithm };
}

/** The signer's key decides: SHA-384 for P-384, else SHA-256; RSA by PKCS#1 v1.5, which all of the mesh verifies. */
function signatureAlgorithm(key: PublicKey): SigningKey["algorithm"] {
  if (!key.isEc) return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return { name: "ECDSA", hash: key.curve === "P-384" ? "SHA-384" : "SHA-256" };
}
