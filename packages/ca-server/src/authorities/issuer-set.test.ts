import assert from "node:assert/strict";
import { createKeyPair, createSerial } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { throwsWithCode } from "@kasbah/testkit";
import { type AuthorityStage, createIssuerSet, type StagedAuthority } from "./issuer-set.ts";

const writer = createCertificateWriter();
const validity = { notBefore: new Date("2030-01-01T00:00:00Z"), notAfter: new Date("2040-01-01T00:00:00Z") };

async function authority(stage: AuthorityStage): Promise<StagedAuthority> {
  const keyPair = await createKeyPair("P-256");
  const template = { serial: createSerial(), validity, organization: stage };
  return { stage, keyPair, certificate: await writer.writeRoot(template, keyPair) };
}

describe("The set of authorities", () => {
  it("lets none sign outside of its validity", async () => {
    const set = createIssuerSet([await authority("active")]);
    throwsWithCode(() => set.activeIssuer(new Date("2029-12-31T23:59:59.999Z")), "ISSUER_UNAVAILABLE");
    throwsWithCode(() => set.activeIssuer(validity.notAfter), "ISSUER_UNAVAILABLE");
    assert.deepEqual(set.activeIssuer(validity.notBefore).notAfter, validity.notAfter);
  });

  it("lets none sign that is not active", async () => {
    const set = createIssuerSet([await authority("distributed"), await authority("retiring")]);
    throwsWithCode(() => set.activeIssuer(validity.notBefore), "ISSUER_UNAVAILABLE");
  });

  it("trusts who will sign, signs or did sign, and nobody before or after", async () => {
    const stages = ["prepared", "distributed", "active", "retiring", "retired"] as const;
    const all = await Promise.all(stages.map(authority));
    const { roots } = createIssuerSet(all).trustBundle();
    assert.deepEqual(
      roots.map(({ fingerprint }) => fingerprint),
      all.slice(1, 4).map(({ certificate }) => certificate.fingerprint),
    );
  });
});
