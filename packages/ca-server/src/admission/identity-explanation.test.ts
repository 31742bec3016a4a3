import assert from "node:assert/strict";
import { frontend, openPolicy, policyOf } from "../issuance/open-admission.fixture.ts";
import { openTerms } from "../issuance/rules.ts";
import { identityExplanation } from "./identity-explanation.ts";

const open = {
  spiffeId: frontend.toString(),
  rule: "default",
  policyFile: "",
  allowed: true,
  defaultTtl: 86_400_000,
  maxTtl: 7_776_000_000,
  onExcess: "clamp",
  keyTypes: [],
  dnsNames: [],
  onForeignNames: "ignore",
  onSharedKey: "count",
  rate: "",
  reason: "",
  issuerRules: [],
};

describe("identityExplanation", () => {
  it("reports the CA's own limits if there is no policy", () => {
    assert.deepEqual(identityExplanation(frontend, openPolicy, undefined), open);
    const { rate } = identityExplanation(frontend, { ...openPolicy, defaultRate: 60 }, undefined);
    assert.equal(rate, "60 per minute for each pod (--default-rate)");
  });

  it("reports every term of the first matching rule, with its names expanded, and the policy file", () => {
    const terms = {
      defaultTtlMs: 1_800_000,
      maxTtlMs: 3_600_000,
      onExcess: "refuse",
      keyTypes: ["P-256"],
      dnsNames: ["{serviceAccount}.{namespace}.svc"],
      onForeignNames: "refuse",
      onSharedKey: "refuse",
      rate: { perMinute: 6, burst: 20 },
    } as const;
    const { reason: _, ...explained } = identityExplanation(frontend, policyOf(terms), "/etc/policy.yaml");
    assert.deepEqual(explained, {
      spiffeId: frontend.toString(),
      rule: "test",
      policyFile: "/etc/policy.yaml",
      allowed: true,
      defaultTtl: 1_800_000,
      maxTtl: 3_600_000,
      onExcess: "refuse",
      keyTypes: ["P-256"],
      dnsNames: ["frontend.demo.svc"],
      onForeignNames: "refuse",
      onSharedKey: "refuse",
      rate: "6 per minute, burst of 20",
      issuerRules: [],
    });
  });

  it("names the rules that apply instead to callers of certain issuers", () => {
    const { rules } = policyOf({});
    const names = {
      namespaces: [{ startsWith: "de" }],
      serviceAccounts: [{ startsWith: "" }],
      terms: openTerms,
    };
    const others = { ...names, namespaces: [{ exactly: "bank" }] };
    const policy = {
      ...openPolicy,
      rules: [
        { ...names, name: "dev", issuers: ["https://dev.test", "https://test.test"] },
        { ...others, name: "bank", issuers: ["https://dev.test"] },
        ...rules,
        { ...names, name: "late", issuers: ["https://late.test"] },
      ],
    };
    const { rule, issuerRules } = identityExplanation(frontend, policy, "p");
    assert.deepEqual([rule, issuerRules], ["test", ["dev for https://dev.test, https://test.test"]]);
  });

  it("reports that an identity is denied, and the reason", () => {
    const reason = "batch jobs use the other CA";
    const denied = identityExplanation(frontend, policyOf({ allow: false, reason }), "p");
    assert.deepEqual(denied, { ...open, rule: "test", policyFile: "p", allowed: false, reason });
  });

  it("reports the effective lifetimes, which never exceed a limit", () => {
    const { maxTtlMs } = openPolicy;
    const above = identityExplanation(frontend, policyOf({ maxTtlMs: 2 * maxTtlMs }), "p");
    assert.equal(above.maxTtl, maxTtlMs);
    const below = identityExplanation(frontend, policyOf({ maxTtlMs: 60_000 }), "p");
    assert.deepEqual([below.defaultTtl, below.maxTtl], [60_000, 60_000]);
    const long = identityExplanation(frontend, policyOf({ defaultTtlMs: 2 * maxTtlMs }), "p");
    assert.equal(long.defaultTtl, maxTtlMs);
  });
});
