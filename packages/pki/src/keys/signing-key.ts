import type { PublicKey } from "./public-key.ts";

/**
 * A key that signs certificates, in this process or behind the port of an HSM. It signs with the signature
 * algorithm of its key type, in the encoding that X.509 carries: ECDSA as DER, RSA as PKCS#1 v1.5.
 */
export interface SigningKey {
  readonly publicKey: PublicKey;
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}
