import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { Certificate } from "../../certificate/certificate.ts";
import { leafValidity } from "../../certificate/profile.ts";
import { createSerial } from "../../certificate/serial.ts";
import { parseDer } from "../../der/reader.ts";
import { constructedTag } from "../../der/tag.ts";
import { encode, encodeBits, encodeSequence } from "../../der/writer.ts";
import { KeyPair } from "../../keys/key.ts";
import { parsePublicKey } from "../../keys/public-key.ts";
import { lintWorkloadCertificate } from "../../lint/lint.ts";
import { parseSpiffeId } from "../../names/spiffe-id.ts";
import { createCertificateWriter } from "../certificate-writer.ts";
import { isAsByLibrary } from "../oracle.fixture.ts";
import type { LeafTemplate } from "../templates.ts";

/** The elements of a certificate, each encoded, so that a fault can replace any of them. */
export interface LeafParts {
  version: Uint8Array;
  serial: Uint8Array;
  innerAlgorithm: Uint8Array;
  issuer: Uint8Array;
  validity: Uint8Array;
  subject: Uint8Array;
  spki: Uint8Array;
  /** Between the key and the extensions; empty in a good certificate. */
  uniqueIds: Uint8Array;
  /** Key usage, purposes, basic constraints, authority key identifier, names. */
  extensions: readonly Uint8Array[];
  outerAlgorithm: Uint8Array;
  /** The BIT STRING of the signature over the content. */
  signature: (content: Uint8Array) => Uint8Array;
  /** The last change to the whole. */
  whole: (der: Uint8Array) => Uint8Array;
}

/** A fault: what it changes in a good certificate, which is then signed by the issuer. */
export type Fault = (good: LeafParts) => Partial<LeafParts>;

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const issuerKey = new KeyPair(privateKey);
const now = new Date("2030-01-01T00:00:00Z");
const writer = createCertificateWriter();

const authority = {
  serial: createSerial(),
  validity: { notBefore: now, notAfter: new Date("2040-01-01T00:00:00Z") },
  organization: "cluster.local",
};

export const issuer = await writer.writeRoot(authority, issuerKey);
export const spiffeId = parseSpiffeId("spiffe://cluster.local/ns/demo/sa/frontend");
const validity = leafValidity({ now, ttlMs: 3_600_000, issuerNotAfter: issuer.notAfter });

/** The order that every certificate of these tests answers. */
export const order: LeafTemplate = {
  serial: createSerial(),
  validity,
  publicKey: parsePublicKey(newKey().spki),
  commonName: spiffeId.toString(),
  subjectAltNames: [
    { kind: "uri", value: spiffeId.toString() },
    { kind: "dns", value: "frontend.demo.svc" },
  ],
};

/** A new P-256 key. */
export function newKey(): { readonly privateKey: KeyObject; readonly spki: Uint8Array } {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privateKey: createPrivateKey(pair.privateKey.export({ format: "pem", type: "pkcs8" })),
    spki: createPublicKey(pair.privateKey).export({ format: "der", type: "spki" }),
  };
}

interface SignatureForm {
  /** The issuer's by default. */
  readonly key?: KeyObject;
  readonly hash?: string;
  readonly dsaEncoding?: "der" | "ieee-p1363";
}

/** Signs in the BIT STRING of a certificate, by default as the issuer does. */
export function signedBy(form: SignatureForm = {}): (content: Uint8Array) => Uint8Array {
  const { key = privateKey, hash = "sha256", dsaEncoding = "der" } = form;
  return (content) => encodeBits(sign(hash, content, { key, dsaEncoding }));
}

/** A certificate of our writer with a fault planted in it. */
export async function plant(fault: Fault): Promise<Uint8Array> {
  const parts = partsOf(await writer.writeLeaf(order, { certificate: issuer, signingKey: issuerKey }));
  const made = { ...parts, ...fault(parts) };
  const content = encodeSequence(
    ...[made.version, made.serial, made.innerAlgorithm, made.issuer, made.validity, made.subject],
    ...[made.spki, made.uniqueIds, encode(constructedTag(3), encodeSequence(...made.extensions))],
  );
  return made.whole(encodeSequence(content, made.outerAlgorithm, made.signature(content)));
}

function partsOf({ der }: Certificate): LeafParts {
  const [tbs, outerAlgorithm] = parseDer(der).children;
  const fields = tbs?.children.map(({ raw }) => raw) ?? [];
  const [version, serial, innerAlgorithm, name, times, subject, spki] = fields;
  const extensions = tbs?.children[7]?.children[0]?.children.map(({ raw }) => raw);
  if (!version || !serial || !innerAlgorithm || !name || !times || !subject || !spki || !extensions) {
    throw new TypeError("the writer's certificate has too few fields");
  }
  return {
    ...{ version, serial, innerAlgorithm, issuer: name, validity: times, subject, spki, extensions },
    uniqueIds: new Uint8Array(),
    outerAlgorithm: outerAlgorithm?.raw ?? new Uint8Array(),
    signature: signedBy(),
    whole: (whole) => whole,
  };
}

/** Passes if the parser and the lint accept the certificate. @throws PkiError with the rule that it breaks */
export function inspect(der: Uint8Array): void {
  const certificate = new Certificate(der, { knownKey: order.publicKey });
  const { serial, validity: times, publicKey, commonName } = order;
  lintWorkloadCertificate(certificate, {
    ...{ spiffeId, issuer, serial, publicKey, commonName, validity: times },
    dnsNames: ["frontend.demo.svc"],
  });
}

/** Whether the certificate is the one that @peculiar/x509 would have written. */
export function isAsExpected(der: Uint8Array): Promise<boolean> {
  return isAsByLibrary(der, order, issuer);
}
