import type { Crypto } from "@peculiar/webcrypto";
import { type Extension, type Name, X509CertificateGenerator } from "@peculiar/x509";
import { parseDer } from "../der/reader.ts";
import type { PublicKey } from "../keys/public-key.ts";

/** What a certificate says, for the library to encode. */
export interface ToBeSigned {
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject?: Name;
  readonly issuer: Name;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly extensions: Extension[];
}

/** The two parts of a certificate that come before its signature, in DER. */
export interface EncodedToBeSigned {
  readonly tbsCertificate: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
}

/** Any value of the length that the library expects; it is cut off again. */
const noSignature = Buffer.alloc(256, 1);

/** Lets the library encode everything but the signature, which is the business of whoever holds the key. */
export async function encodeToBeSigned(
  content: ToBeSigned,
  signer: PublicKey,
  crypto: Crypto,
): Promise<EncodedToBeSigned> {
  const signature = signer.isEc ? noSignature.subarray(0, 64) : noSignature;
  const signingAlgorithm = signatureAlgorithm(signer);
  const unsigned = await X509CertificateGenerator.create({ ...content, signature, signingAlgorithm }, crypto);
  const [tbsCertificate, algorithm] = parseDer(new Uint8Array(unsigned.rawData)).children;
  if (tbsCertificate === undefined || algorithm === undefined) throw new TypeError("not a certificate");
  return { tbsCertificate: tbsCertificate.raw, signatureAlgorithm: algorithm.raw };
}

/** The signer's key decides: SHA-384 for P-384, else SHA-256; RSA by PKCS#1 v1.5, which all of the mesh verifies. */
function signatureAlgorithm(key: PublicKey) {
  if (!key.isEc) return { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  return { name: "ECDSA", hash: key.curve === "P-384" ? "SHA-384" : "SHA-256" };
}
