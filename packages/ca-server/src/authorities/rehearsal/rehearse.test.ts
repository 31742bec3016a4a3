import assert from "node:assert/strict";
import { type Certificate, parseTrustDomain, TrustBundle } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority, rejectsWithCode, type TestAuthority } from "@kasbah/testkit";
import { servingNames } from "../../config/serving-names.ts";
import type { Candidate } from "./candidate.ts";
import { createRehearsal, type RehearsalDeps } from "./rehearse.ts";

const deps: RehearsalDeps = {
  writer: createCertificateWriter(),
  trustDomain: parseTrustDomain("cluster.local"),
  serverNames: servingNames({ additional: [], ownSpiffeId: undefined }),
  dnsNames: async () => ["web.demo.svc"],
  hasNodeProxies: false,
  clock: systemClock,
};

describe("Rehearsal of an authority", () => {
  let root: TestAuthority;
  let signer: TestAuthority;
  let other: TestAuthority;

  before(async () => {
    [root, other] = await Promise.all([createTestAuthority(), createTestAuthority("Other")]);
    signer = await root.issueIntermediate("Signer");
  });

  const held = (...roots: readonly Certificate[]) => ({
    holders: `clients with ${roots.length} roots`,
    bundle: TrustBundle.from(roots),
  });
  const candidate = (changes: Partial<Candidate> = {}): Candidate => ({
    signer,
    intermediates: [],
    root: root.certificate,
    held: [held(root.certificate)],
    describe: (one) => (one.equals(signer.certificate) ? "the signer" : "the root"),
    ...changes,
  });

  it("passes if every bundle contains the root, and leaves nothing to warn about", async () => {
    const bundles = [held(root.certificate), held(other.certificate, root.certificate)];
    assert.deepEqual(await createRehearsal(deps)(candidate({ held: bundles })), []);
  });

  it("passes for a root that signs by itself", async () => {
    assert.deepEqual(await createRehearsal(deps)(candidate({ signer: root })), []);
  });

  it("fails if one of the bundles does not contain the root, and names its holders", async () => {
    const bundles = [held(root.certificate), held(other.certificate, other.certificate)];
    const trial = createRehearsal(deps)(candidate({ held: bundles }));
    const { message } = await rejectsWithCode(trial, "REHEARSAL_FAILED");
    assert.match(message, /clients with 2 roots would reject a workload certificate: the root is not in/);
  });

  it("fails if the certificate above the signer did not sign it, and names both", async () => {
    const between = await root.issueIntermediate("Between");
    const chain = { intermediates: [between.certificate] };
    const { message } = await rejectsWithCode(createRehearsal(deps)(candidate(chain)), "REHEARSAL_FAILED");
    assert.match(message, /the root is not the issuer that the certificate below it names/);
  });

  it("fails if the key of the signer belongs to another certificate", async () => {
    const mixed = { certificate: signer.certificate, keyPair: other.keyPair };
    await assert.rejects(createRehearsal(deps)(candidate({ signer: mixed })));
  });

  it("covers a policy with more names than one certificate can have", async () => {
    const names = Array.from({ length: 300 }, (_, n) => `a-rather-long-name-of-a-service-${n}.demo.svc`);
    const rehearse = createRehearsal({ ...deps, dnsNames: async () => names });
    assert.deepEqual(await rehearse(candidate()), []);
  });
});
