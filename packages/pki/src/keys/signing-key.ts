import type { PublicKey } from "./public-key.ts";

/**
 * A key that signs certificates, wherever it lives: in this process, or behind the port of an HSM. It signs with the
 * usual hash of its type, SHA-384 for P-384 and else SHA-256; the result is what X.509 carries, ECDSA as DER and RSA as
 * PKCS#1 v1.5.
 */
export interface SigningKey {
  readonly publicKey: PublicKey;
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}
