import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  createCertificateRequest,
  createKeyPair,
  parseSpiffeId,
  type SpiffeId,
  tokenProofTime,
} from "@kasbah/pki";
import { createTestAuthority, FakeClock, rejectsWithCode, type TestAuthority } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import { requestNamed } from "./any-request.fixture.ts";
import { createIssuance, type IssuanceDeps, type KnownFacts } from "./issue-certificate.ts";
import {
  caller,
  callFor,
  frontend,
  openAdmission,
  openDeps,
  openPolicy,
  policyOf,
} from "./open-admission.fixture.ts";
import type { Caller, IssuanceFacts, KeyHolder } from "./ports.ts";
import type { Share } from "./rules.ts";

const bank = parseSpiffeId("spiffe://cluster.local/ns/prod/sa/bank");
const pod = { name: "frontend-1", uid: "4d9f3c1e-0000-4000-8000-000000000001" };
const rate = { perMinute: 6, burst: 2 };

describe("createIssuance, admission", () => {
  const clock = new FakeClock("2030-01-01T00:07:31Z");
  let root: TestAuthority;
  let csrPem: string;
  let records: IssuanceFacts[];

  before(async () => {
    root = await createTestAuthority("cluster.local");
    csrPem = createCertificateRequest(await createKeyPair("P-256"), frontend);
  });

  beforeEach(() => {
    records = [];
  });

  const authorityWith = (overrides: Partial<IssuanceDeps>) =>
    createIssuance({ ...openDeps(root, clock, records), ...overrides });
  const knowing = (who: Caller) => ({ authenticate: async () => who });
  const asBank = { impersonate: async () => bank };
  const unreadable = callFor({ csrPem: "no CSR at all" });

  describe("createIssuance, checks before it parses the CSR", () => {
    it("refuses an identity that the policy denies before it parses the CSR, and names the rule and its reason", async () => {
      const authority = authorityWith({ policy: () => policyOf({ allow: false, reason: "no batch jobs" }) });
      const error = await rejectsWithCode(authority.createCertificate(unreadable), "IDENTITY_NOT_ALLOWED");
      assert.match(error.message, / a certificate \(no batch jobs\), by the rule test: /);
    });

    it("refuses a caller that sends too many requests before it parses the CSR", async () => {
      const refuse = () => {
        throw new CaError("RATE_LIMITED", "too often");
      };
      const own = authorityWith({
        policy: () => policyOf({ rate }),
        throttle: { takeOwn: refuse, takeGlobal: () => undefined },
      });
      await rejectsWithCode(own.createCertificate(unreadable), "RATE_LIMITED");
      const all = authorityWith({
        policy: () => ({ ...openPolicy, globalRate: rate }),
        throttle: { takeOwn: () => undefined, takeGlobal: refuse },
      });
      await rejectsWithCode(all.createCertificate(unreadable), "RATE_LIMITED");
    });

    it("refuses a caller that may not have another workload's identity before it parses the CSR", async () => {
      for (const impersonatedIdentity of [bank.toString(), frontend.toString(), " ", "null"]) {
        const call = callFor({ csrPem: "no CSR at all", impersonatedIdentity });
        await rejectsWithCode(authorityWith({}).createCertificate(call), "IMPERSONATION_REFUSED");
      }
    });
  });

  it("issues another workload's identity to a caller that may have it, and records both names", async () => {
    const authority = authorityWith({ impersonation: asBank });
    const call = callFor({ csrPem, impersonatedIdentity: bank.toString() });
    const { certificate } = await authority.createCertificate(call);
    assert.equal(new X509Certificate(certificate.der).subjectAltName, `URI:${bank}`);
    assert.equal(records[0]?.spiffeId, bank);
    assert.equal(records[0]?.caller, caller);
  });

  it("checks the scope of the token's issuer for the caller and for the subject, before the policy", async () => {
    const checked: string[] = [];
    const issuerScopes = {
      check: (_: Caller, subject: SpiffeId) => {
        checked.push(subject.toString());
        if (subject === bank) throw new CaError("OUTSIDE_ISSUER_SCOPE", "not this one");
      },
    };
    const authority = authorityWith({
      impersonation: asBank,
      issuerScopes,
      policy: () => policyOf({ allow: false }),
    });
    const call = callFor({ csrPem: "no CSR at all", impersonatedIdentity: bank.toString() });
    await rejectsWithCode(authority.createCertificate(call), "OUTSIDE_ISSUER_SCOPE");
    assert.deepEqual(checked, [frontend.toString(), bank.toString()]);
  });

  it("applies the rules for the issuer of the caller's token, even to a subject that it requests for a pod", async () => {
    const [first] = policyOf({ allow: false }).rules;
    const policy = () => ({
      ...openPolicy,
      rules: [{ ...(first ?? assert.fail()), issuers: ["https://issuer.test"] }],
    });
    const authority = authorityWith({ impersonation: asBank, policy });
    for (const impersonatedIdentity of ["", bank.toString()]) {
      const call = callFor({ csrPem, impersonatedIdentity });
      await rejectsWithCode(authority.createCertificate(call), "IDENTITY_NOT_ALLOWED");
    }
    const other = { ...caller, credential: { ...caller.credential, issuer: "https://other.test" } } as Caller;
    await authorityWith({ authenticator: knowing(other), policy }).createCertificate(callFor({ csrPem }));
  });

  it("applies the policy to the subject of the certificate, not to the caller", async () => {
    const policy = () => ({
      ...policyOf({ allow: false }),
      rules: [
        {
          name: "no-prod",
          namespaces: [{ exactly: "prod" }],
          serviceAccounts: [{ startsWith: "" }],
          terms: { ...openPolicy.fallback, allow: false },
        },
      ],
    });
    const authority = authorityWith({ impersonation: asBank, policy });
    await authority.createCertificate(callFor({ csrPem }));
    const call = callFor({ csrPem, impersonatedIdentity: bank.toString() });
    await rejectsWithCode(authority.createCertificate(call), "IDENTITY_NOT_ALLOWED");
    assert.equal(records.length, 1);
  });

  it("takes a token from the bucket of the caller's pod, or of its name without one, and only if the rule or the CA has a rate", async () => {
    const drawn: unknown[] = [];
    const throttle = {
      takeOwn: (share: Share) => drawn.push(share),
      takeGlobal: (all: unknown) => drawn.push(all),
    };
    const limited = () => ({ ...policyOf({ rate }), globalRate: { perMinute: 1, burst: 9 } });
    for (const who of [caller, { ...caller, pod }]) {
      const authority = authorityWith({ throttle, policy: limited, authenticator: knowing(who) });
      await authority.createCertificate(callFor({ csrPem }));
    }
    const global = { perMinute: 1, burst: 9 };
    assert.deepEqual(drawn, [
      { key: `${frontend} for ${frontend}`, rate, rule: "test" },
      global,
      { key: `pod ${pod.uid} of https://issuer.test for ${frontend}`, rate, rule: "test" },
      global,
    ]);
    await authorityWith({ throttle }).createCertificate(callFor({ csrPem }));
    assert.equal(drawn.length, 4);
    const policy = () => ({ ...openPolicy, defaultRate: 60 });
    await authorityWith({ throttle, policy }).createCertificate(callFor({ csrPem }));
    const key = `${frontend} from a network for ${frontend}`;
    assert.deepEqual(drawn.slice(4), [{ key, rate: { perMinute: 600, burst: 600 } }]);
  });

  it("applies the policy that is in force at the time of the call", async () => {
    let policy = policyOf({ allow: false });
    const authority = authorityWith({ policy: () => policy });
    await rejectsWithCode(authority.createCertificate(callFor({ csrPem })), "IDENTITY_NOT_ALLOWED");
    policy = policyOf({});
    const { order } = await authority.createCertificate(callFor({ csrPem }));
    assert.equal(order.rule, "test");
    assert.equal(records[0]?.rule, "test");
  });

  it("reports each fact as soon as it is known, so that a refusal can be explained", async () => {
    const reported: KnownFacts[] = [];
    const call = { ...unreadable, known: (facts: KnownFacts) => reported.push(facts) };
    const denying = authorityWith({ policy: () => policyOf({ allow: false }) });
    await rejectsWithCode(denying.createCertificate(call), "IDENTITY_NOT_ALLOWED");
    assert.deepEqual(reported, [{ caller }, { subject: frontend }]);
    await rejectsWithCode(authorityWith({}).createCertificate(call), "CSR_MALFORMED");
    assert.deepEqual(reported.slice(2), [{ caller }, { subject: frontend }, { rule: "default" }]);
  });

  it("counts a key that another pod presented, or refuses it if the rule says so", async () => {
    const asked: [string, KeyHolder][] = [];
    let counted = 0;
    const deps = {
      authenticator: knowing({ ...caller, pod }),
      keyHolders: { isSharedBy: (...all: [string, KeyHolder]) => asked.push(all) > 0 },
      observer: { ...openAdmission.observer, onSharedKey: () => void counted++ },
    };
    const { order } = await authorityWith(deps).createCertificate(callFor({ csrPem }));
    const refusing = authorityWith({ ...deps, policy: () => policyOf({ onSharedKey: "refuse" }) });
    const error = await rejectsWithCode(refusing.createCertificate(callFor({ csrPem })), "CSR_KEY_REJECTED");
    assert.match(
      error.message,
      /another pod has presented this public key, by the rule test: generate a key/,
    );
    assert.deepEqual([records.length, counted], [1, 2]);
    const holder = { identity: frontend.toString(), podUid: pod.uid };
    assert.deepEqual(asked, [
      [order.publicKey.hash, holder],
      [order.publicKey.hash, holder],
    ]);
  });

  it("records the ignored kinds, and notifies the observer only if there are any", async () => {
    const reported: (readonly string[])[] = [];
    const observer = {
      ...openAdmission.observer,
      onIgnored: (kinds: readonly string[]) => reported.push(kinds),
    };
    const authority = authorityWith({ observer });
    await authority.createCertificate(callFor({ csrPem }));
    await authority.createCertificate(callFor({ csrPem: requestNamed("admin") }));
    assert.deepEqual(reported, [["subject"]]);
    assert.deepEqual(
      records.map(({ ignored }) => ignored),
      [[], ["subject"]],
    );
  });

  it("issues the DNS names that the rule adds", async () => {
    const authority = authorityWith({
      policy: () => policyOf({ dnsNames: ["{serviceAccount}.{namespace}.svc"] }),
    });
    const { certificate } = await authority.createCertificate(callFor({ csrPem }));
    const { subjectAltName } = new X509Certificate(certificate.der);
    assert.equal(subjectAltName, `URI:${frontend}, DNS:frontend.demo.svc`);
  });

  it("encodes in the serial when a token last proved the name, which is not now for a certificate", async () => {
    const byToken = await authorityWith({}).createCertificate(callFor({ csrPem }));
    const proofOf = (serial: string) => tokenProofTime(serial).toISOString();
    assert.equal(proofOf(byToken.certificate.serial), "2030-01-01T00:05:00.000Z");
    const tokenProvenAt = new Date("2029-12-30T12:00:00Z");
    const facts = { kind: "client-certificate", serial: "01", fingerprint: "02", tokenProvenAt } as const;
    const renewed = authorityWith({ authenticator: knowing({ ...caller, credential: facts }) });
    const { certificate } = await renewed.createCertificate(callFor({ csrPem }));
    assert.equal(proofOf(certificate.serial), "2029-12-30T12:00:00.000Z");
  });

  describe("a renewal by certificate", () => {
    const day = 86_400_000;
    const now = clock.now();
    const renewProvenAt = (tokenProvenAt: Date, ttlSeconds: number) => {
      const facts = { kind: "client-certificate", serial: "01", fingerprint: "02", tokenProvenAt } as const;
      const authority = authorityWith({ authenticator: knowing({ ...caller, credential: facts }) });
      return authority.createCertificate(callFor({ csrPem, ttlSeconds }));
    };

    it("expires when the next token is due, even if it requests more and the policy allows it", async () => {
      const tokenProvenAt = new Date(now.getTime() - 6 * day);
      const { validity } = await renewProvenAt(tokenProvenAt, 90 * 86_400);
      assert.equal(
        validity.notAfter.toISOString(),
        new Date(tokenProvenAt.getTime() + 7 * day).toISOString(),
      );
    });

    it("keeps the requested lifetime if that is shorter", async () => {
      const { validity } = await renewProvenAt(new Date(now.getTime() - 6 * day), 3600);
      assert.equal(validity.notAfter.getTime(), now.getTime() + 3_600_000);
    });

    it("limits the identities of its pods as well if a node proxy authenticates by certificate", async () => {
      const tokenProvenAt = new Date(now.getTime() - 6 * day);
      const facts = { kind: "client-certificate", serial: "01", fingerprint: "02", tokenProvenAt } as const;
      const authenticator = knowing({ ...caller, credential: facts });
      const authority = authorityWith({ authenticator, impersonation: asBank });
      const call = callFor({ csrPem, ttlSeconds: 90 * 86_400, impersonatedIdentity: bank.toString() });
      const { validity } = await authority.createCertificate(call);
      assert.equal(
        validity.notAfter.toISOString(),
        new Date(tokenProvenAt.getTime() + 7 * day).toISOString(),
      );
    });

    it("is refused instead of issued with no lifetime left", async () => {
      for (const ageMs of [7 * day - 999, 7 * day, 8 * day]) {
        const renewal = renewProvenAt(new Date(now.getTime() - ageMs), 0);
        await rejectsWithCode(renewal, "CLIENT_CERTIFICATE_REJECTED");
      }
    });

    it("does not shorten a certificate for a caller with a token", async () => {
      const byToken = await authorityWith({}).createCertificate(callFor({ csrPem, ttlSeconds: 90 * 86_400 }));
      assert.equal(byToken.validity.notAfter.getTime(), now.getTime() + 90 * day);
    });
  });
});
