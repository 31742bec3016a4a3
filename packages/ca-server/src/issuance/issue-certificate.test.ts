import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createCertificateRequest, createKeyPair, verifyChain } from "@kasbah/pki";
import { type CertificateWriter, createCertificateWriter } from "@kasbah/pki/certificate-writer";
import {
  assertCpuTimeBelow,
  createTestAuthority,
  FakeClock,
  rejectsWithCode,
  type TestAuthority,
} from "@kasbah/testkit";
import fc from "fast-check";
import { CaError } from "../errors.ts";
import { anyRequest, positiveSerial, requestNamed, signedOf } from "./any-request.fixture.ts";
import { createIssuance, type IssuanceDeps } from "./issue-certificate.ts";
import { caller, callFor, frontend, openDeps, policyOf } from "./open-admission.fixture.ts";
import type { IssuanceFacts } from "./ports.ts";

/**
 * Requests CA:TRUE, keyCertSign, codeSigning, another URI, DNS and IP names, and the subject O=evil,
 * CN=admin.
 */
const greedyCsr = `-----BEGIN CERTIFICATE REQUEST-----
MIIBgTCCASYCAQAwHzENMAsGA1UECgwEZXZpbDEOMAwGA1UEAwwFYWRtaW4wWTAT
BgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ7ps4Jx9sCZ/nhs9mGOwn+JBBzgyF5W+tw
OLxiiGo9/seaSJ+F7B9fDtu1Bi9jHnGdxm4vGtu+uz1IugfShXc2oIGkMIGhBgkq
hkiG9w0BCQ4xgZMwgZAwDwYDVR0TAQH/BAUwAwEB/zAOBgNVHQ8BAf8EBAMCAQYw
EwYDVR0lBAwwCgYIKwYBBQUHAwMwWAYDVR0RBFEwT4Yuc3BpZmZlOi8vY2x1c3Rl
ci5sb2NhbC9ucy9rdWJlLXN5c3RlbS9zYS9hZG1pboIXaXN0aW9kLmlzdGlvLXN5
c3RlbS5zdmOHBAoAAAEwCgYIKoZIzj0EAwIDSQAwRgIhAIfzi2sDayqbn69Il2zR
jp4oqdlHA7nJYIJG7MbzcORLAiEAj333XKmwAJ7T7opFT7IcV3E3rCRZxpFHgJHD
v9tjjpA=
-----END CERTIFICATE REQUEST-----
`;

describe("createIssuance", () => {
  const writer = createCertificateWriter();
  const clock = new FakeClock("2030-01-01T00:00:00.500Z");
  let root: TestAuthority;
  let records: IssuanceFacts[];
  let goodCsr: string;

  before(async () => {
    root = await createTestAuthority("cluster.local");
    goodCsr = createCertificateRequest(await createKeyPair("P-256"), frontend);
  });

  beforeEach(() => {
    records = [];
  });

  const authorityWith = (overrides: Partial<IssuanceDeps> = {}) =>
    createIssuance({ ...openDeps(root, clock, records), ...overrides });

  const call = (order: Parameters<typeof callFor>[0] = {}) => callFor({ csrPem: goodCsr, ...order });

  it("judges no token while the CA does not know the time", async () => {
    const authority = authorityWith({
      authenticator: { authenticate: () => assert.fail("a token was judged") },
      requireTime: () => {
        throw new CaError("CLOCK_SUSPECT", "the clock is 8 years ahead", { retryAfterMs: 30_000 });
      },
    });
    await rejectsWithCode(authority.createCertificate(call()), "CLOCK_SUSPECT");
    assert.deepEqual(records, []);
  });

  it("does not decode the body of an unauthenticated caller", async () => {
    const stranger = new CaError("TOKEN_MISSING", "no token");
    const authority = authorityWith({ authenticator: { authenticate: () => Promise.reject(stranger) } });
    const readBody = () => assert.fail("the body was read");
    await rejectsWithCode(authority.createCertificate({ ...call(), readBody }), "TOKEN_MISSING");
  });

  it("takes nothing but the key from the CSR", async () => {
    const { certificate, order } = await authorityWith().createCertificate(call({ csrPem: greedyCsr }));
    const seen = new X509Certificate(certificate.der);
    assert.equal(seen.ca, false);
    assert.equal(seen.subjectAltName, `URI:${frontend.toString()}`);
    assert.equal(seen.subject, `CN=${frontend.toString()}`);
    assert.deepEqual(seen.keyUsage, ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    assert.ok(order.ignored.includes("basicConstraints"), order.ignored.join());
  });

  it("refuses a malformed CSR quickly, and names the rule that failed", async () => {
    const bomb = "-----BEGIN ".repeat(20_000);
    for (const csrPem of ["", "garbage", bomb, goodCsr + goodCsr, goodCsr.replaceAll("REQUEST", "")]) {
      const refuse = () =>
        rejectsWithCode(authorityWith().createCertificate(call({ csrPem })), "CSR_MALFORMED");
      await assertCpuTimeBelow(50, refuse);
    }
  });

  it("refuses a CSR that another key signed", async () => {
    const [head, body, foot] = parts(goodCsr);
    const der = Buffer.from(body, "base64");
    // The last octet belongs to the second integer of the signature.
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    const csrPem = `${head}\n${lines(der.toString("base64"))}\n${foot}\n`;
    await rejectsWithCode(authorityWith().createCertificate(call({ csrPem })), "CSR_SIGNATURE_INVALID");
  });

  it("returns no certificate that is not recorded", async () => {
    const unavailable = new CaError("LEDGER_UNAVAILABLE", "disk full");
    const authority = authorityWith({ ledger: { record: () => Promise.reject(unavailable) } });
    await rejectsWithCode(authority.createCertificate(call()), "LEDGER_UNAVAILABLE");
  });

  it("returns no certificate that does not match the approved order", async () => {
    const other = await root.issue({
      publicKey: (await createKeyPair("P-256")).publicKey,
      names: [{ kind: "uri", value: "spiffe://cluster.local/ns/prod/sa/bank" }],
    });
    const lying: CertificateWriter = { ...writer, writeLeaf: async () => other };
    await rejectsWithCode(authorityWith({ writer: lying }).createCertificate(call()), "LINT_FAILED");
    assert.equal(records.length, 0);
  });

  it("issues nothing after its issuer has expired", async () => {
    const late = new FakeClock(root.certificate.notAfter);
    await rejectsWithCode(authorityWith({ clock: late }).createCertificate(call()), "ISSUER_UNAVAILABLE");
  });

  it("issues no certificate that outlives its issuer", async () => {
    const late = new FakeClock(new Date(root.certificate.notAfter.getTime() - 3_600_000));
    const { certificate } = await authorityWith({ clock: late }).createCertificate(
      call({ ttlSeconds: 86_400 }),
    );
    assert.deepEqual(certificate.notAfter, root.certificate.notAfter);
  });

  it("issues a valid certificate, backdated by two minutes, and records exactly that one", async () => {
    const { certificate, bundle } = await authorityWith().createCertificate(call({ ttlSeconds: 3600 }));
    verifyChain({ leaf: certificate, intermediates: [], bundle, now: clock.now() });
    assert.equal(certificate.notBefore.toISOString(), "2029-12-31T23:58:00.000Z");
    assert.equal(certificate.notAfter.toISOString(), "2030-01-01T01:00:00.000Z");
    const [record] = records;
    assert.equal(records.length, 1);
    assert.equal(record?.certificate, certificate);
    assert.equal(record?.authority, root.certificate.fingerprint);
    assert.equal(record?.referenceId, "ref");
    assert.equal(record?.rule, "default");
    assert.equal(record?.caller, caller);
  });

  it("backdates a short-lived certificate by a tenth of its lifetime", async () => {
    const { certificate } = await authorityWith().createCertificate(call({ ttlSeconds: 120 }));
    assert.equal(certificate.notBefore.toISOString(), "2029-12-31T23:59:48.000Z");
    assert.equal(certificate.notAfter.toISOString(), "2030-01-01T00:02:00.000Z");
  });

  it("gives every certificate a unique serial", async () => {
    const authority = authorityWith();
    const issued = await Promise.all(Array.from({ length: 50 }, () => authority.createCertificate(call())));
    assert.equal(new Set(issued.map(({ certificate }) => certificate.serial)).size, 50);
  });

  it("issues the same certificate, except for its serial, for any two CSRs with one key", async () => {
    const configurations = [
      authorityWith({ newSerial: positiveSerial }),
      authorityWith({
        newSerial: positiveSerial,
        policy: () => policyOf({ dnsNames: ["{serviceAccount}.{namespace}.svc"], maxTtlMs: 3_600_000 }),
      }),
    ];
    const pairs = fc.tuple(fc.constantFrom(...configurations), anyRequest, anyRequest, fc.nat(86_400));
    await fc.assert(
      fc.asyncProperty(pairs, async ([authority, first, second, ttlSeconds]) => {
        const [one, other] = await Promise.all(
          [first, second].map((csrPem) => authority.createCertificate(call({ csrPem, ttlSeconds }))),
        );
        assert.ok(one && other);
        assert.notEqual(one.certificate.serial, other.certificate.serial);
        assert.equal(signedOf(one.certificate), signedOf(other.certificate));
      }),
      { numRuns: 60 },
    );
  });

  it("includes a common name if the CSR requests one, but takes its text from the caller's identity", async () => {
    const authority = authorityWith({ newSerial: positiveSerial });
    const [admin, own] = await Promise.all(
      ["admin", frontend.toString()].map((text) =>
        authority.createCertificate(call({ csrPem: requestNamed(text) })),
      ),
    );
    assert.ok(admin && own);
    assert.equal(signedOf(admin.certificate), signedOf(own.certificate));
    assert.equal(new X509Certificate(admin.certificate.der).subject, `CN=${frontend}`);
  });
});

function parts(pem: string): [string, string, string] {
  const all = pem.trimEnd().split("\n");
  return [String(all[0]), all.slice(1, -1).join(""), String(all.at(-1))];
}

const lines = (base64: string) => base64.replace(/(.{64})(?=.)/g, "$1\n");
