import assert from "node:assert/strict";
import fc from "fast-check";
import type { Certificate } from "../../certificate/certificate.ts";
import { createSerial } from "../../certificate/serial.ts";
import { authorityKey, caExtension, forgeCertificate, hex, nameOf, subjectKey } from "../../forge.fixture.ts";
import { createKeyPair } from "../../keys/key.ts";
import { oid } from "../../oids.ts";
import { createCertificateWriter } from "../certificate-writer.ts";
import { encodeByLibrary } from "../oracle.fixture.ts";
import type { LeafTemplate } from "../templates.ts";
import { encodeLeafContent } from "./encode.ts";
import { prepareLeaf } from "./profile.ts";

const ordersPerKey = 2_500;
const writer = createCertificateWriter();
const [p256, p384, rsa2048, rsa3072] = await Promise.all([
  createKeyPair("P-256"),
  createKeyPair("P-384"),
  createKeyPair("RSA-2048"),
  createKeyPair("RSA-3072"),
]);
const keys = [p256, p384, rsa2048, rsa3072];
const validity = { notBefore: new Date("2026-01-01T00:00:00Z"), notAfter: new Date("2036-01-01T00:00:00Z") };
const organization = "cluster.local";

const issuers: readonly Certificate[] = [
  ...(await Promise.all(
    [p256, p384, rsa3072].map((key) =>
      writer.writeRoot({ serial: createSerial(), validity, organization }, key),
    ),
  )),
  // Without a subject key identifier, and with identifiers of other lengths than ours.
  forgeCertificate(p256, { subject: nameOf(oid.organization, "old", 0x13), extensions: [caExtension()] }),
  forgeCertificate(p256, {
    subject: nameOf(oid.commonName, "a".repeat(300)),
    extensions: [caExtension(), subjectKey("0102030405060708"), authorityKey("aa")],
  }),
  forgeCertificate(rsa2048, {
    subject: nameOf(oid.organization, "Grüße"),
    extensions: [caExtension(), subjectKey("ab".repeat(130))],
  }),
];

const seconds = (year: number) => Date.UTC(year, 0, 1) / 1000;
const time = fc
  .oneof(
    fc.integer({ min: seconds(1950), max: seconds(2300) }),
    // Around the change from UTCTime to GeneralizedTime.
    fc.integer({ min: seconds(2050) - 3, max: seconds(2050) + 3 }),
  )
  .map((second) => new Date(second * 1000));
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const dns = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
const path = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join("/"));
/** The library cannot read an IPv4 address at the end of an IPv6 address. */
const isPlain = (address: string) => !address.includes(".");
const name = fc.oneof(
  fc.record({
    kind: fc.constant("uri" as const),
    value: path.map((text) => `spiffe://cluster.local/${text}`),
  }),
  fc.record({ kind: fc.constant("dns" as const), value: dns }),
  fc.record({ kind: fc.constant("ip" as const), value: fc.oneof(fc.ipV4(), fc.ipV6().filter(isPlain)) }),
);
const commonName = fc.oneof(path, fc.string({ unit: "binary", maxLength: 200 }));

const order = fc
  .record(
    {
      // The library replaces an empty serial, and both encode a leading zero octet in no other way.
      serial: fc.uint8Array({ minLength: 1, maxLength: 20 }).filter(([first]) => first !== 0),
      validity: fc.record({ notBefore: time, notAfter: time }),
      subjectAltNames: fc.array(name, { minLength: 1, maxLength: 4 }),
      commonName,
      serverOnly: fc.boolean(),
    },
    { requiredKeys: ["serial", "validity", "subjectAltNames"] },
  )
  .map((template) => template as Omit<LeafTemplate, "publicKey">);

function encodeByUs(template: LeafTemplate, issuer: Certificate): Uint8Array {
  const { publicKey, serverOnly = false } = template;
  return encodeLeafContent(template, prepareLeaf(issuer, publicKey.algorithm, serverOnly));
}

async function assertSame(template: LeafTemplate, issuer: Certificate): Promise<void> {
  const [ours, library] = [encodeByUs(template, issuer), await encodeByLibrary(template, issuer)];
  if (Buffer.compare(ours, library) === 0) return;
  assert.equal(Buffer.from(ours).toString("hex"), Buffer.from(library).toString("hex"));
}

describe("The encoder of leaves", function () {
  this.timeout(600_000);
  for (const { publicKey } of keys) {
    const profiles = `${ordersPerKey} random orders of every profile with a key of type ${publicKey.type}`;
    it(`encodes ${profiles} exactly as @peculiar/x509 does`, async () => {
      const property = fc.asyncProperty(order, fc.constantFrom(...issuers), (random, issuer) =>
        assertSame({ ...random, publicKey }, issuer),
      );
      await fc.assert(property, { numRuns: ordersPerKey });
    });
  }

  const plain: LeafTemplate = {
    serial: hex("80".repeat(16)),
    validity,
    publicKey: p256.publicKey,
    subjectAltNames: [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/frontend" }],
  };

  for (const length of [0, 1, 63, 64, 65, 127, 128, 255, 256, 65_535, 65_536]) {
    it(`encodes a name and a common name of ${length} octets as the library does`, async () => {
      const value = "a".repeat(length);
      for (const kind of ["uri", "dns"] as const) {
        await assertSame({ ...plain, subjectAltNames: [{ kind, value }] }, issuers[0] as Certificate);
      }
      await assertSame({ ...plain, commonName: value }, issuers[0] as Certificate);
    });
  }

  it("encodes every length of the whole around the borders of DER lengths as the library does", async () => {
    for (const around of [127, 255, 65_535]) {
      for (let length = around - 24; length <= around + 1; length += 1) {
        const subjectAltNames = [{ kind: "dns", value: "a".repeat(length) } as const];
        await assertSame(
          { ...plain, subjectAltNames, commonName: "b".repeat(length) },
          issuers[0] as Certificate,
        );
      }
    }
  });

  for (const address of ["::", "::1", "1::", "fe80::1:0:0:1", "255.255.255.255", "0.0.0.0"]) {
    it(`encodes the address ${address} as the library does`, async () => {
      const subjectAltNames = [{ kind: "ip", value: address } as const];
      await assertSame({ ...plain, subjectAltNames }, issuers[0] as Certificate);
    });
  }
});
