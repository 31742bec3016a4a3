import assert from "node:assert/strict";
import { createKeyPair, type PublicKey, parseSpiffeId } from "@kasbah/pki";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { CaError } from "../errors.ts";
import { frontend, openPolicy, policyOf } from "./open-admission.fixture.ts";
import { admit, approve, type RequestedOrder } from "./policy.ts";
import type { Terms } from "./rules.ts";

const hour = 3_600_000;

describe("The issuance policy", () => {
  let publicKey: PublicKey;

  before(async () => {
    ({ publicKey } = await createKeyPair("P-256"));
  });

  const asked = (ttlMs = 0, csr: Partial<RequestedOrder["request"]> = {}): RequestedOrder => ({
    request: {
      publicKey,
      hasCommonName: false,
      requestedUris: [],
      requestedDnsNames: [],
      ignored: [],
      ...csr,
    },
    ttlMs,
  });
  const decide = (order: RequestedOrder, policy = openPolicy, subject = frontend) =>
    approve(subject, order, admit(subject, policy), policy);
  const decideBy = (terms: Partial<Terms>, order: RequestedOrder) => decide(order, policyOf(terms));
  const refusal = (work: () => unknown, code: string): CaError => {
    const error = throwsWithCode(work, code);
    assert.ok(error instanceof CaError);
    return error;
  };

  it("takes the name from the subject and never from the CSR", () => {
    const texts = fc.array(fc.string());
    fc.assert(
      fc.property(texts, texts, fc.boolean(), (requestedUris, requestedDnsNames, hasCommonName) => {
        const order = decide(asked(0, { requestedUris, requestedDnsNames, hasCommonName }));
        assert.ok(order.spiffeId.equals(frontend));
        assert.ok(order.publicKey.equals(publicKey));
        assert.deepEqual(order.dnsNames, []);
        assert.equal(order.commonName, hasCommonName ? frontend.toString() : undefined);
      }),
    );
  });

  it("omits a common name that is too long", () => {
    const subject = parseSpiffeId(`spiffe://cluster.local/ns/demo/sa/${"x".repeat(40)}`);
    assert.equal(decide(asked(0, { hasCommonName: true }), openPolicy, subject).commonName, undefined);
  });

  describe("admit", () => {
    it("admits every identity by the default if there is no rule", () => {
      assert.deepEqual(admit(frontend, openPolicy), { rule: "default", terms: openPolicy.fallback });
    });

    it("refuses an identity that a rule denies, with the rule's name and its reason, if it has one", () => {
      const silent = refusal(() => admit(frontend, policyOf({ allow: false })), "IDENTITY_NOT_ALLOWED");
      assert.equal(silent.facts.rule, "test");
      assert.equal(silent.problem, `the policy denies ${frontend} a certificate`);
      const reason = "use team-a's account";
      const explained = refusal(
        () => admit(frontend, policyOf({ allow: false, reason })),
        "IDENTITY_NOT_ALLOWED",
      );
      assert.equal(explained.problem, `the policy denies ${frontend} a certificate (${reason})`);
      assert.match(
        explained.message,
        /, by the rule test: use another service account, or ask the operator of the mesh/,
      );
    });

    it("refuses an identity that matches no rule if the default denies it", () => {
      const closed = { ...openPolicy, fallback: { ...openPolicy.fallback, allow: false } };
      assert.equal(refusal(() => admit(frontend, closed), "IDENTITY_NOT_ALLOWED").facts.rule, "default");
    });
  });

  describe("approve, key types", () => {
    it("allows only the key types that the rule lists, and names them", async () => {
      const rsa = (await createKeyPair("RSA-2048")).publicKey;
      const terms = { keyTypes: ["P-256", "P-384"] };
      assert.ok(decideBy(terms, asked()).publicKey.equals(publicKey));
      const error = refusal(() => decideBy(terms, asked(0, { publicKey: rsa })), "CSR_KEY_REJECTED");
      const { rule, expected, seen } = error.facts;
      assert.deepEqual(
        { rule, expected, seen },
        { rule: "test", expected: "P-256 or P-384", seen: "RSA-2048" },
      );
      assert.ok(decideBy({}, asked(0, { publicKey: rsa })).publicKey.equals(rsa));
    });
  });

  describe("approve, lifetimes", () => {
    const { maxTtlMs, defaultTtlMs } = openPolicy;

    it("refuses a lifetime above the CA's maximum and never clamps it, even if a rule would", () => {
      assert.equal(decide(asked(maxTtlMs)).ttlMs, maxTtlMs);
      for (const ttlMs of [maxTtlMs + 1000, Number.MAX_SAFE_INTEGER, 9.2e21, Number.POSITIVE_INFINITY]) {
        throwsWithCode(() => decide(asked(ttlMs)), "TTL_TOO_LONG");
        throwsWithCode(() => decideBy({ maxTtlMs: hour, onExcess: "clamp" }, asked(ttlMs)), "TTL_TOO_LONG");
        throwsWithCode(() => decideBy({ maxTtlMs: 2 * maxTtlMs }, asked(ttlMs)), "TTL_TOO_LONG");
      }
      const error = refusal(() => decideBy({ maxTtlMs: hour }, asked(7_776_001_000)), "TTL_TOO_LONG");
      assert.equal(
        error.message,
        "the requested lifetime is too long, expected validity_duration of at most 7776000 s, seen 7776001 s: request a shorter lifetime (SECRET_TTL), or 0 for the default",
      );
    });

    it("clamps a lifetime above the rule's maximum, or refuses it if the rule says so", () => {
      assert.equal(decideBy({ maxTtlMs: hour }, asked(24 * hour)).ttlMs, hour);
      const terms = { maxTtlMs: hour, onExcess: "refuse" } as const;
      assert.equal(decideBy(terms, asked(hour)).ttlMs, hour);
      const { rule, expected, seen } = refusal(
        () => decideBy(terms, asked(hour + 1000)),
        "TTL_TOO_LONG",
      ).facts;
      assert.deepEqual([rule, expected, seen], ["test", "validity_duration of at most 3600 s", "3601 s"]);
    });

    it("uses the default for a zero or negative lifetime, and the rule's own default if it has one", () => {
      for (const ttlMs of [0, -1, -9.2e21]) {
        assert.equal(decide(asked(ttlMs)).ttlMs, defaultTtlMs);
        assert.equal(decideBy({ defaultTtlMs: 2 * hour }, asked(ttlMs)).ttlMs, 2 * hour);
      }
      assert.equal(decide(asked(1000)).ttlMs, 1000);
    });

    it("clamps a default that is longer than a maximum, and never refuses it", () => {
      const strict = { onExcess: "refuse" } as const;
      assert.equal(decideBy({ maxTtlMs: hour, ...strict }, asked()).ttlMs, hour);
      assert.equal(decideBy({ defaultTtlMs: 2 * maxTtlMs, ...strict }, asked()).ttlMs, maxTtlMs);
    });

    it("refuses a lifetime that is not a number", () => {
      throwsWithCode(() => decide(asked(Number.NaN)), "TTL_TOO_LONG");
    });

    it("grants at most what every limit allows, and the requested lifetime within them", () => {
      const anyTtl = fc.integer({ min: 1, max: 2 * maxTtlMs });
      const terms = fc.record({
        maxTtlMs: anyTtl,
        onExcess: fc.constantFrom("clamp" as const, "refuse" as const),
      });
      fc.assert(
        fc.property(terms, anyTtl, (drawn, ttlMs) => {
          const most = Math.min(drawn.maxTtlMs, maxTtlMs);
          if (ttlMs > maxTtlMs || (ttlMs > most && drawn.onExcess === "refuse")) {
            throwsWithCode(() => decideBy(drawn, asked(ttlMs)), "TTL_TOO_LONG");
          } else assert.equal(decideBy(drawn, asked(ttlMs)).ttlMs, Math.min(ttlMs, most));
        }),
      );
    });
  });
});
