import type { Crypto } from "@peculiar/webcrypto";
import { type Extension, type Name, X509CertificateGenerator } from "@peculiar/x509";
import { parseDer } from "../der/reader.ts";
import type { PublicKey } from "../keys/public-key.ts";

/** The content of a certificate, for the library to encode. */
export interface ToBeSigned {
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly subject?: Name;
  readonly issuer: Name;
  readonly publicKey: Uint8Array<ArrayBuffer>;
  readonly extensions: Extension[];
}

/** The two parts of a certificate that precede its signature, in DER. */
export interface EncodedToBeSigned {
  readonly tbsCertificate: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
}

/**
 * The library expects r and s of ECDSA, and any octets for other algorithms. The placeholder is discarded.
 */
const placeholder = Buffer.alloc(64, 1);

/** Lets the library encode everything except the signature, which only the holder of the key can create. */
export async function encodeToBeSigned(
  content: ToBeSigned,
  signer: PublicKey,
  crypto: Crypto,
): Promise<EncodedToBeSigned> {
  const signingAlgorithm = signer.algorithm.signature.webCrypto;
  const unsigned = await X509CertificateGenerator.create(
    { ...content, signature: placeholder, signingAlgorithm },
    crypto,
  );
  const [tbsCertificate, algorithm] = parseDer(new Uint8Array(unsigned.rawData)).children;
  if (tbsCertificate === undefined || algorithm === undefined) throw new TypeError("not a certificate");
  return { tbsCertificate: tbsCertificate.raw, signatureAlgorithm: algorithm.raw };
}
