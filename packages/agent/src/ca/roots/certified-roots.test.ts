import assert from "node:assert/strict";
import { type Certificate, createKeyPair, createSerial, TrustBundle } from "@kasbah/pki";
import { createCertificateWriter, type Signer } from "@kasbah/pki/certificate-writer";
import { withCertifiedRoots } from "./certified-roots.ts";

const writer = createCertificateWriter();
const now = new Date("2030-01-01T00:00:00Z");
const validity = { notBefore: new Date("2029-01-01T00:00:00Z"), notAfter: new Date("2039-01-01T00:00:00Z") };
const ended = { ...validity, notAfter: now };
const organization = "cluster.local";

async function createRoot(): Promise<Signer> {
  const signingKey = await createKeyPair("P-256");
  const template = { serial: createSerial(), validity, organization };
  return { signingKey, certificate: await writer.writeRoot(template, signingKey) };
}

const cross = (root: Signer, issuer: Signer, during = validity) =>
  writer.writeCross({ serial: createSerial(), validity: during, root: root.certificate }, issuer);

describe("withCertifiedRoots", () => {
  let first: Signer;
  let second: Signer;
  let third: Signer;
  let names: Map<string, string>;

  before(async () => {
    [first, second, third] = await Promise.all([createRoot(), createRoot(), createRoot()]);
    const entries = Object.entries({ first, second, third });
    names = new Map(entries.map(([name, { certificate }]) => [certificate.fingerprint, name]));
  });

  const trusted = (held: Signer, offered: readonly Signer[], chain: readonly Certificate[], at = now) =>
    withCertifiedRoots({
      held: TrustBundle.from([held.certificate]),
      offered: TrustBundle.from(offered.map(({ certificate }) => certificate)),
      serverChain: chain.map(({ der }) => der),
      now: at,
    }).roots.map(({ fingerprint }) => names.get(fingerprint));

  it("trusts no offered root without a certificate, or with one by another root or for another root", async () => {
    const [byThird, ofThird] = [await cross(second, third), await cross(third, first)];
    for (const chain of [[], [second.certificate], [byThird], [ofThird]])
      assert.deepEqual(trusted(first, [second], chain), ["first"]);
  });

  it("trusts no offered root whose certificate has expired", async () => {
    const chain = [await cross(second, first, ended)];
    const later = new Date(now.getTime() + 1_000);
    assert.deepEqual(trusted(first, [second], chain, later), ["first"]);
  });

  it("trusts no root that has the name and key of an intermediate", async () => {
    const signingKey = await createKeyPair("P-256");
    const subject = { organization, commonName: "kasbah intermediate 1" };
    const template = { serial: createSerial(), validity, ...subject, publicKey: signingKey.publicKey };
    const intermediate = await writer.writeIntermediate(template, first);
    const signer = { certificate: intermediate, signingKey };
    const self = await writer.writeCross(
      { serial: createSerial(), validity, root: second.certificate },
      signer,
    );
    assert.deepEqual(trusted(first, [second], [intermediate, self]), ["first"]);
  });

  it("ignores certificates of the chain that it cannot read", async () => {
    const held = TrustBundle.from([first.certificate]);
    const offered = TrustBundle.from([second.certificate]);
    const { der } = await cross(second, first);
    const serverChain = [Uint8Array.of(48, 0), der];
    assert.equal(withCertifiedRoots({ held, offered, serverChain, now }).roots.length, 2);
  });

  it("trusts an offered root that a held root certifies, directly or through a root that is no longer offered", async () => {
    const one = await cross(second, first);
    assert.deepEqual(trusted(first, [second], [one]), ["first", "second"]);
    const chain = [await cross(third, second), one];
    assert.deepEqual(trusted(first, [third], chain), ["first", "third"]);
    assert.deepEqual(trusted(first, [third, second], chain).length, 3);
    assert.deepEqual(trusted(first, [third], chain.slice(0, 1)), ["first"]);
  });

  it("does not loop if two roots certify each other", async () => {
    const chain = [await cross(third, second), await cross(second, third)];
    assert.deepEqual(trusted(first, [third], chain), ["first"]);
  });
});
