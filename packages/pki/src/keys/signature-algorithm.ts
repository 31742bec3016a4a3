import { tag } from "../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../der/writer.ts";
import { oid } from "../oids.ts";

/** A signature algorithm of X.509 in its only canonical form. */
export interface SignatureAlgorithm {
  readonly oid: string;
  /** The whole AlgorithmIdentifier, DER. */
  readonly identifier: Uint8Array;
  /** The name that node:crypto uses; null if the algorithm includes its hash. */
  readonly hash: string | null;
  /** The name that WebCrypto uses, and therefore @peculiar/x509. */
  readonly webCrypto: { readonly name: string; readonly hash?: string };
}

/** RFC 5758 §3.2: the parameters are absent. */
function ecdsa(dotted: string, bits: number): SignatureAlgorithm {
  return {
    oid: dotted,
    identifier: encodeSequence(encodeOid(dotted)),
    hash: `sha${bits}`,
    webCrypto: { name: "ECDSA", hash: `SHA-${bits}` },
  };
}

/** RFC 4055 §5: the parameters are NULL. */
function rsa(dotted: string, bits: number): SignatureAlgorithm {
  return {
    oid: dotted,
    identifier: encodeSequence(encodeOid(dotted), encode(tag.null)),
    hash: `sha${bits}`,
    webCrypto: { name: "RSASSA-PKCS1-v1_5", hash: `SHA-${bits}` },
  };
}

/** ECDSA with SHA-2. SHA-1 is excluded because its collisions are practical. */
export const ecdsaWith = {
  sha256: ecdsa(oid.ecdsaWithSha256, 256),
  sha384: ecdsa(oid.ecdsaWithSha384, 384),
  sha512: ecdsa(oid.ecdsaWithSha512, 512),
} as const;

/** RSA PKCS#1 v1.5 with SHA-2, which every peer in a mesh verifies. MD5, SHA-1 and RSA-PSS are excluded. */
export const rsaWith = {
  sha256: rsa(oid.sha256WithRsa, 256),
  sha384: rsa(oid.sha384WithRsa, 384),
  sha512: rsa(oid.sha512WithRsa, 512),
} as const;
