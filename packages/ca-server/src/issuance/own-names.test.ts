import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createCertificateRequest, createKeyPair, parseSpiffeId, type SpiffeId } from "@kasbah/pki";
import { createTestAuthority, FakeClock, rejectsWithCode, type TestAuthority } from "@kasbah/testkit";
import { attributes, names as csrNames, dns, extensionRequest, requestPem } from "@kasbah/testkit/csr";
import { servingNames } from "../config/serving-names.ts";
import { createIssuance, type IssuanceDeps } from "./issue-certificate.ts";
import { ReservedNames } from "./names/reserved-names.ts";
import { callFor, openDeps, policyOf } from "./open-admission.fixture.ts";
import type { Caller, CredentialFacts } from "./ports.ts";
import type { Terms } from "./rules.ts";

const own = parseSpiffeId("spiffe://cluster.local/ns/kasbah-system/sa/kasbah");
const serverNames = servingNames({ additional: ["kasbah.kasbah-system.svc"], ownSpiffeId: own });
const reservedNames = ReservedNames.from(serverNames, own);
const reviewed: CredentialFacts = { kind: "kubernetes-token", tokenIdHash: undefined };
const foreign: CredentialFacts = { kind: "jwks-token", issuer: "https://dev.test", tokenIdHash: undefined };
const renewed: CredentialFacts = {
  kind: "client-certificate",
  serial: "01",
  fingerprint: "02",
  tokenProvenAt: new Date("2030-01-01T00:00:00Z"),
};

const requestFor = (dnsName: string) =>
  requestPem({ attributes: attributes(extensionRequest(csrNames(dns(dnsName)))) });

describe("The names of the CA itself", () => {
  const clock = new FakeClock("2030-01-01T00:00:00Z");
  let root: TestAuthority;
  let csrPem: string;

  before(async () => {
    root = await createTestAuthority("cluster.local");
    csrPem = createCertificateRequest(await createKeyPair("P-256"), own);
  });

  const authorityFor = (who: Caller, terms: Partial<Terms> = {}, overrides: Partial<IssuanceDeps> = {}) =>
    createIssuance({
      ...openDeps(root, clock, []),
      authenticator: { authenticate: async () => who },
      policy: () => ({ ...policyOf(terms), reservedNames }),
      ownSpiffeId: own,
      ...overrides,
    });
  const callerOf = (spiffeId: SpiffeId, credential: CredentialFacts): Caller => ({ spiffeId, credential });
  const namesFor = async (account: string, terms: Partial<Terms>, csr = csrPem) => {
    const who = callerOf(parseSpiffeId(`spiffe://cluster.local/ns/evil/sa/${account}`), reviewed);
    const { certificate, order } = await authorityFor(who, terms).createCertificate(callFor({ csrPem: csr }));
    return { names: new X509Certificate(certificate.der).subjectAltName, withheld: order.withheldDnsNames };
  };

  it("leaves the DNS names of the CA out of a workload certificate, and issues the rest of it", async () => {
    const dnsNames = [
      "istiod.istio-system.svc",
      "localhost",
      "{serviceAccount}.kasbah-system.svc",
      "web.evil.svc",
    ];
    const { names, withheld } = await namesFor("kasbah", { dnsNames });
    assert.equal(names, "URI:spiffe://cluster.local/ns/evil/sa/kasbah, DNS:web.evil.svc");
    assert.deepEqual(withheld, ["istiod.istio-system.svc", "localhost", "kasbah.kasbah-system.svc"]);
  });

  it("gives a service account with dots no name of a template, so its name cannot become another Service's", async () => {
    const { names, withheld } = await namesFor("kasbah.kasbah-system", {
      dnsNames: ["{serviceAccount}.svc"],
    });
    assert.equal(names, "URI:spiffe://cluster.local/ns/evil/sa/kasbah.kasbah-system");
    assert.deepEqual(withheld, ["kasbah.kasbah-system.svc"]);
  });

  it("does not refuse a CSR that requests a withheld name of its rule, so that no workload is cut off", async () => {
    const terms = { dnsNames: ["istiod.istio-system.svc"], onForeignNames: "refuse" } as const;
    const csr = requestFor("istiod.istio-system.svc");
    assert.equal((await namesFor("web", terms, csr)).names, "URI:spiffe://cluster.local/ns/evil/sa/web");
    const other = requestFor("kasbah.kasbah-system.svc");
    const who = callerOf(parseSpiffeId("spiffe://cluster.local/ns/evil/sa/web"), reviewed);
    const call = callFor({ csrPem: other });
    await rejectsWithCode(authorityFor(who, terms).createCertificate(call), "CSR_IDENTITY_MISMATCH");
  });

  it("gives the CA's SPIFFE ID to a pod that its own cluster has identified, and to its renewals", async () => {
    for (const credential of [reviewed, renewed]) {
      const { certificate } = await authorityFor(callerOf(own, credential)).createCertificate(
        callFor({ csrPem }),
      );
      assert.ok(certificate.spiffeId?.equals(own));
    }
  });

  it("refuses the CA's SPIFFE ID to a caller with a token of another issuer, and to the renewal of its certificate", async () => {
    const call = callFor({ csrPem });
    const error = await rejectsWithCode(
      authorityFor(callerOf(own, foreign)).createCertificate(call),
      "IDENTITY_NOT_ALLOWED",
    );
    assert.match(error.message, /is the CA's own, expected a token that the CA's own cluster has reviewed/);
    const renewal = { ...callerOf(own, renewed), issuerMark: "0123456789" };
    await rejectsWithCode(authorityFor(renewal).createCertificate(call), "IDENTITY_NOT_ALLOWED");
    const unnamed = authorityFor(callerOf(own, foreign), {}, { ownSpiffeId: undefined });
    await unnamed.createCertificate(call);
  });

  it("refuses the CA's SPIFFE ID to a node proxy, even if a pod of the CA runs on its node", async () => {
    const proxy = callerOf(parseSpiffeId("spiffe://cluster.local/ns/istio-system/sa/ztunnel"), reviewed);
    const impersonation = { impersonate: async (_: Caller, identity: string) => parseSpiffeId(identity) };
    const authority = authorityFor(proxy, {}, { impersonation });
    const call = callFor({ csrPem, impersonatedIdentity: own.toString() });
    await rejectsWithCode(authority.createCertificate(call), "IMPERSONATION_REFUSED");
    const neighbor = "spiffe://cluster.local/ns/kasbah-system/sa/kasbah-ui";
    await authority.createCertificate(callFor({ csrPem, impersonatedIdentity: neighbor }));
  });
});
