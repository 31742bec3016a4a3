import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { type Bytes, bits, hex, nothing, octets, oid, pem, sequence, set, tlv, utf8 } from "./der.ts";

export const oids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  extensionRequest: "1.2.840.113549.1.9.14",
  challengePassword: "1.2.840.113549.1.9.7",
  ecdsaWithSha1: "1.2.840.10045.4.1",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  ecdsaWithSha384: "1.2.840.10045.4.3.3",
  md5WithRsa: "1.2.840.113549.1.1.4",
  sha1WithRsa: "1.2.840.113549.1.1.5",
  sha256WithRsa: "1.2.840.113549.1.1.11",
  rsaPss: "1.2.840.113549.1.1.10",
  ed25519: "1.3.101.112",
} as const;

export type KeyName =
  | "P-256"
  | "P-384"
  | "P-521"
  | "P-224"
  | "secp256k1"
  | "brainpoolP256r1"
  | "P-256 explicit"
  | "RSA-1024"
  | "RSA-2047"
  | "RSA-2048"
  | "RSA-2048 e=3"
  | "RSA-3072"
  | "RSA-PSS"
  | "Ed25519"
  | "X25519"
  | "DSA";

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const newKey: Readonly<Record<KeyName, () => KeyPair>> = {
  "P-256": () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  "P-521": () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  "P-224": () => generateKeyPairSync("ec", { namedCurve: "secp224r1" }),
  secp256k1: () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  brainpoolP256r1: () => generateKeyPairSync("ec", { namedCurve: "brainpoolP256r1" }),
  "P-256 explicit": () => generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }),
  "RSA-1024": () => generateKeyPairSync("rsa", { modulusLength: 1024 }),
  "RSA-2047": () => generateKeyPairSync("rsa", { modulusLength: 2047 }),
  "RSA-2048": () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  "RSA-2048 e=3": () => generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 }),
  "RSA-3072": () => generateKeyPairSync("rsa", { modulusLength: 3072 }),
  "RSA-PSS": () => generateKeyPairSync("rsa-pss", { modulusLength: 2048 }),
  Ed25519: () => generateKeyPairSync("ed25519"),
  X25519: () => generateKeyPairSync("x25519"),
  DSA: () => generateKeyPairSync("dsa", { modulusLength: 2048, divisorLength: 256 }),
};

const made = new Map<KeyName, KeyPair>();

/** Each kind of key is generated once, because tests do not depend on its value. */
export function key(name: KeyName): KeyPair {
  const known = made.get(name) ?? newKey[name]();
  made.set(name, known);
  return known;
}

export function spkiOf(name: KeyName): Bytes {
  return key(name).publicKey.export({ type: "spki", format: "der" });
}

/** The parts of a CSR, each replaceable with one that no honest client would send. */
export interface Pieces {
  readonly key: KeyName;
  readonly version: Bytes;
  readonly subject: Bytes;
  readonly spki: Bytes;
  readonly attributes: Bytes;
  readonly algorithm: Bytes;
  /** Signs the info; by default with the CSR's own key. */
  readonly sign: (info: Bytes) => Bytes;
  /** Changes the assembled info before it is signed. */
  readonly info: (info: Bytes) => Bytes;
  /** Changes the whole CSR after it was signed. */
  readonly whole: (request: Bytes) => Bytes;
}

export const spiffe = "spiffe://cluster.local/ns/demo/sa/frontend";
export const uri = (name: string): Bytes => tlv(0x86, Buffer.from(name, "latin1"));
export const dns = (name: string): Bytes => tlv(0x82, Buffer.from(name, "latin1"));

export function extension(dotted: string, value: Uint8Array, critical = false): Bytes {
  return sequence(oid(dotted), ...(critical ? [tlv(0x01, Buffer.of(0xff))] : []), octets(value));
}

export const names = (...list: readonly Uint8Array[]): Bytes =>
  extension("2.5.29.17", sequence(...list), true);
export const attribute = (dotted: string, ...values: readonly Uint8Array[]): Bytes =>
  sequence(oid(dotted), set(...values));
export const extensionRequest = (...list: readonly Uint8Array[]): Bytes =>
  attribute(oids.extensionRequest, sequence(...list));
export const attributes = (...list: readonly Uint8Array[]): Bytes => tlv(0xa0, ...list);
export const relativeName = (dotted: string, value: Uint8Array): Bytes => set(sequence(oid(dotted), value));
export const commonName = (value: string): Bytes => sequence(relativeName(oids.commonName, utf8(value)));

export function algorithmOf(name: KeyName): Bytes {
  if (name.startsWith("RSA")) return sequence(oid(oids.sha256WithRsa), nothing());
  if (name === "Ed25519") return sequence(oid(oids.ed25519));
  return sequence(oid(name === "P-384" ? oids.ecdsaWithSha384 : oids.ecdsaWithSha256));
}

export function signatureOf(name: KeyName, info: Bytes): Bytes {
  if (name === "X25519") return Buffer.alloc(64, 1);
  const hash = name === "Ed25519" ? null : name === "P-384" ? "sha384" : "sha256";
  return sign(hash, info, key(name).privateKey);
}

export function requestDer(changes: Partial<Pieces> = {}): Bytes {
  const name = changes.key ?? "P-256";
  const info = (changes.info ?? ((same) => same))(
    sequence(
      changes.version ?? hex("020100"),
      changes.subject ?? sequence(),
      changes.spki ?? spkiOf(name),
      changes.attributes ?? attributes(extensionRequest(names(uri(spiffe)))),
    ),
  );
  const signature = (changes.sign ?? ((bytes) => signatureOf(name, bytes)))(info);
  const request = sequence(info, changes.algorithm ?? algorithmOf(name), bits(signature));
  return (changes.whole ?? ((same) => same))(request);
}

export function requestPem(changes: Partial<Pieces> = {}): string {
  return pem("CERTIFICATE REQUEST", requestDer(changes));
}
