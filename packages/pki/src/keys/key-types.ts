import { generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { ecAlgorithm } from "./ec-algorithm.ts";
import type { EcCurve } from "./ec-curve.ts";
import { ed25519Algorithm } from "./ed25519-algorithm.ts";
import type { KeyAlgorithm } from "./key-algorithm.ts";
import { rsaAlgorithm } from "./rsa/algorithm.ts";
import { ecdsaWith, type SignatureAlgorithm } from "./signature-algorithm.ts";

interface KeyTypeRow {
  /** The group of key types that configuration selects together. */
  readonly family: string;
  readonly algorithm: KeyAlgorithm;
  readonly generate: () => Promise<KeyObject>;
  /** Whether the CA may create authorities with keys of this type. */
  readonly maySignCertificates: boolean;
}

const generateKeys = promisify(generateKeyPair);

function ecRow<const Name extends string>(
  name: Name,
  signature: SignatureAlgorithm,
  parameters: Omit<EcCurve, "name">,
) {
  const curve: EcCurve & { readonly name: Name } = { name, ...parameters };
  return {
    family: "EC",
    curve,
    algorithm: ecAlgorithm(curve, signature),
    generate: async () => (await generateKeys("ec", { namedCurve: name, paramEncoding: "named" })).privateKey,
    maySignCertificates: true,
  } as const;
}

function rsaRow<const Bits extends number>(bits: Bits, maySignCertificates: boolean) {
  return {
    family: "RSA",
    bits,
    algorithm: rsaAlgorithm,
    generate: async () =>
      (await generateKeys("rsa", { modulusLength: bits, publicExponent: 65_537 })).privateKey,
    maySignCertificates,
  } as const;
}

/** Every key type that kasbah generates and signs with. All other code derives its lists from this table. */
export const keyTypes = {
  // The parameters of both curves are those of FIPS 186-4 appendix D.1.2.
  "P-256": ecRow("P-256", ecdsaWith.sha256, {
    oid: "1.2.840.10045.3.1.7",
    size: 32,
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  }),
  "P-384": ecRow("P-384", ecdsaWith.sha384, {
    oid: "1.3.132.0.34",
    size: 48,
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  }),
  "RSA-2048": rsaRow(2048, false),
  "RSA-3072": rsaRow(3072, true),
  "RSA-4096": rsaRow(4096, true),
} as const satisfies Readonly<Record<string, KeyTypeRow>>;

type Table = typeof keyTypes;

/** The name of a key type: `P-256`, `RSA-3072`. */
export type KeyType = keyof Table;

/** The names of the key types of one family. */
export type KeyTypeIn<Family extends Table[KeyType]["family"]> = {
  [Name in KeyType]: Table[Name]["family"] extends Family ? Name : never;
}[KeyType];

const rows: readonly (KeyTypeRow & { readonly curve?: EcCurve })[] = Object.values(keyTypes);

/** The names of all key types. */
export const keyTypeNames = Object.keys(keyTypes) as readonly KeyType[];

/** The names of the key types that an authority may have. */
export const authorityKeyTypeNames = keyTypeNames.filter((name) => keyTypes[name].maySignCertificates);

/** The algorithms of all key types, each once. */
export const keyAlgorithms: readonly KeyAlgorithm[] = [...new Set(rows.map(({ algorithm }) => algorithm))];

const p521: EcCurve = {
  // The parameters are those of FIPS 186-4 appendix D.1.2.
  name: "P-521",
  oid: "1.3.132.0.35",
  size: 66,
  p: (1n << 521n) - 1n,
  b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

/**
 * The algorithms of roots that are trusted beside the CA's own: those that OpenSSL, Envoy and Go all verify.
 * kasbah creates no such keys, and no caller, signer or intermediate may have one.
 */
export const trustedKeyAlgorithms: readonly KeyAlgorithm[] = [
  ...keyAlgorithms,
  ecAlgorithm(p521, ecdsaWith.sha512),
  ed25519Algorithm,
];

/** Returns the names of the key types of one family. */
export function keyTypesIn<Family extends Table[KeyType]["family"]>(
  family: Family,
): readonly KeyTypeIn<Family>[] {
  return keyTypeNames.filter((name): name is KeyTypeIn<Family> => keyTypes[name].family === family);
}

/** Returns the curve that an object identifier names, if a key type uses it. */
export function findCurve(oid: string): EcCurve | undefined {
  return rows.find(({ curve }) => curve?.oid === oid)?.curve;
}
