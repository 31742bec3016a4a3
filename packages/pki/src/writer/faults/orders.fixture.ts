import { Certificate } from "../../certificate/certificate.ts";
import { caExtension, forgeCertificateDer, hex, nameOf } from "../../forge.fixture.ts";
import { createKeyPair, type KeyPair } from "../../keys/key.ts";
import { lintWorkloadCertificate } from "../../lint/lint.ts";
import { lintServingCertificate } from "../../lint/serving.ts";
import { parseSpiffeId } from "../../names/spiffe-id.ts";
import { oid } from "../../oids.ts";
import { createCertificateWriter, type Signer } from "../certificate-writer.ts";
import type { LeafTemplate } from "../templates.ts";

/** An order whose leaf the lint accepts, and its issuer. */
export interface GoodOrder {
  readonly template: LeafTemplate;
  readonly issuer: Signer;
}

const [p256, p384, rsa, workload, rsaWorkload] = await Promise.all([
  createKeyPair("P-256"),
  createKeyPair("P-384"),
  createKeyPair("RSA-3072"),
  createKeyPair("P-256"),
  createKeyPair("RSA-2048"),
]);
const writer = createCertificateWriter();
const serial = hex("7f".repeat(16));
const lifetime = { notBefore: new Date("2025-01-01T00:00:00Z"), notAfter: new Date("2070-01-01T00:00:00Z") };

async function root(signingKey: KeyPair, organization: string): Promise<Signer> {
  return {
    signingKey,
    certificate: await writer.writeRoot({ serial, validity: lifetime, organization }, signingKey),
  };
}

const ecRoot = await root(p256, "cluster.local");
const rsaRoot = await root(rsa, "rsa.example");
const names = { organization: "cluster.local", commonName: "kasbah intermediate 1" };
const intermediate: Signer = {
  signingKey: p384,
  certificate: await writer.writeIntermediate(
    { serial, validity: lifetime, publicKey: p384.publicKey, ...names },
    ecRoot,
  ),
};
const withoutKeyId: Signer = {
  signingKey: p256,
  certificate: new Certificate(
    forgeCertificateDer(p256, {
      subject: nameOf(oid.organization, "old", 0x13),
      extensions: [caExtension()],
      notAfter: "491231235959Z",
    }),
  ),
};

const uri = "spiffe://cluster.local/ns/demo/sa/frontend";
const plain: LeafTemplate = {
  serial,
  validity: { notBefore: new Date("2030-01-02T03:04:05Z"), notAfter: new Date("2030-11-12T13:14:16Z") },
  publicKey: workload.publicKey,
  subjectAltNames: [{ kind: "uri", value: uri }],
};

function order(changes: Partial<LeafTemplate> = {}, issuer: Signer = ecRoot): GoodOrder {
  return { template: { ...plain, ...changes }, issuer };
}

function expiring(notAfter: string): Partial<LeafTemplate> {
  return { validity: { ...plain.validity, notAfter: new Date(notAfter) } };
}

/** A SPIFFE ID of this many octets. */
function longUri(length: number): Partial<LeafTemplate> {
  return { subjectAltNames: [{ kind: "uri", value: `${uri}-${"a".repeat(length - uri.length - 1)}` }] };
}

const dns = { kind: "dns", value: "frontend.demo.svc" } as const;
const serving: Partial<LeafTemplate> = {
  serverOnly: true,
  subjectAltNames: [dns, { kind: "ip", value: "192.0.2.1" }, { kind: "ip", value: "2001:db8::1" }],
};

/** Orders at every border of the encoding, for every kind of issuer, key and profile. */
export const goodOrders: readonly GoodOrder[] = [
  order(),
  order({ serial: hex("80".repeat(20)) }),
  order({ commonName: uri, subjectAltNames: [...plain.subjectAltNames, dns] }),
  order({ publicKey: rsaWorkload.publicKey }),
  ...["2049-12-31T23:59:59Z", "2050-01-01T00:00:00Z", "2051-01-01T00:00:00Z"].map((end) =>
    order(expiring(end)),
  ),
  ...[127, 128, 129, 254, 255, 256, 257, 1000].map((length) => order(longUri(length))),
  ...[rsaRoot, intermediate, withoutKeyId].map((issuer) => order({}, issuer)),
  ...[ecRoot, rsaRoot].map((issuer) => order(serving, issuer)),
];

/** Passes if the parser and the lint accept the leaf of the order. @throws PkiError */
export function inspectLeaf(der: Uint8Array, { template, issuer: { certificate } }: GoodOrder): void {
  const leaf = new Certificate(der, { knownKey: template.publicKey });
  const expected = { ...template, issuer: certificate };
  if (template.serverOnly) {
    lintServingCertificate(leaf, { ...expected, names: template.subjectAltNames });
    return;
  }
  const [identity, ...others] = template.subjectAltNames.map(({ value }) => value);
  lintWorkloadCertificate(leaf, { ...expected, spiffeId: parseSpiffeId(identity ?? ""), dnsNames: others });
}
