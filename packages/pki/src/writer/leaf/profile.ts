import type { Certificate } from "../../certificate/certificate.ts";
import type { KeyAlgorithm } from "../../keys/key-algorithm.ts";
import { Octets, sizeOf } from "./octets.ts";

/** The octets that all leaves of one issuer, key algorithm and purpose share. */
export interface PreparedLeaf {
  /** AlgorithmIdentifier of the issuer's signature. */
  readonly signatureAlgorithm: Uint8Array;
  /** The signature algorithm and the issuer's name, which follow the serial. */
  readonly afterSerial: Uint8Array;
  /** The extensions in the order of Istio's CA, up to the names, which come last. */
  readonly extensions: Uint8Array;
}

/** RFC 5280 §4.2.1.3: bit 0 is the first of the octet. */
const usageBits = { digitalSignature: 0x80, keyEncipherment: 0x20 } as const;
const headOfKeyUsage = Buffer.from("300e0603551d0f0101ff0404", "hex");
/** extKeyUsage with serverAuth, and clientAuth after it. */
const bothEndsOfTls = Buffer.from("301d0603551d250416301406082b0601050507030106082b06010505070302", "hex");
const serverOfTls = Buffer.from("30130603551d25040c300a06082b06010505070301", "hex");
/** basicConstraints, critical, with the default: no CA. */
const noAuthority = Buffer.from("300c0603551d130101ff04023000", "hex");
const authorityKeyIdentifierType = Buffer.from("0603551d23", "hex");

type OfIssuer = Map<KeyAlgorithm, { readonly both: PreparedLeaf; readonly server: PreparedLeaf }>;

const prepared = new WeakMap<Certificate, OfIssuer>();

/** Prepared once for each issuer and key algorithm. */
export function prepareLeaf(issuer: Certificate, leafKey: KeyAlgorithm, serverOnly: boolean): PreparedLeaf {
  const ofIssuer: OfIssuer = prepared.get(issuer) ?? new Map();
  const frames = ofIssuer.get(leafKey) ?? {
    both: encodeProfile(issuer, leafKey, bothEndsOfTls),
    server: encodeProfile(issuer, leafKey, serverOfTls),
  };
  prepared.set(issuer, ofIssuer.set(leafKey, frames));
  return serverOnly ? frames.server : frames.both;
}

function encodeProfile(issuer: Certificate, leafKey: KeyAlgorithm, purposes: Uint8Array): PreparedLeaf {
  const signatureAlgorithm = issuer.publicKey.algorithm.signature.identifier;
  const extensions = [
    headOfKeyUsage,
    keyUsage(leafKey),
    purposes,
    noAuthority,
    authorityKeyIdentifier(issuer.subjectKeyIdentifier),
  ];
  return {
    signatureAlgorithm,
    afterSerial: Buffer.concat([signatureAlgorithm, issuer.subject]),
    extensions: Buffer.concat(extensions),
  };
}

/** A BIT STRING without trailing zero bits (X.690 §11.2.2). */
function keyUsage({ leafKeyUsage }: KeyAlgorithm): Uint8Array {
  const bits = leafKeyUsage.reduce((set, name) => set | usageBits[name], 0);
  const unused = 31 - Math.clz32(bits & -bits);
  return Uint8Array.of(0x03, 0x02, unused, bits);
}

/** Copied, not recomputed, because other authorities hash their keys in other ways. */
function authorityKeyIdentifier(issuerKeyId: Uint8Array | undefined): Uint8Array {
  if (issuerKeyId === undefined) return new Uint8Array();
  const identifier = sizeOf(issuerKeyId.length);
  const value = sizeOf(identifier);
  const content = authorityKeyIdentifierType.length + sizeOf(value);
  const octets = new Octets(sizeOf(content)).open(0x30, content).raw(authorityKeyIdentifierType);
  return octets
    .open(0x04, value)
    .open(0x30, identifier)
    .open(0x80, issuerKeyId.length)
    .raw(issuerKeyId)
    .end();
}
