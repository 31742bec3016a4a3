import assert from "node:assert/strict";
import { parseSpiffeId, parseTrustDomain, SpiffeId } from "@kasbah/pki";
import fc from "fast-check";
import { openPolicy } from "./open-admission.fixture.ts";
import { dnsNamesFor, type IssuancePolicy, openTerms, type Pattern, type Rule, rulingOn } from "./rules.ts";

const id = (namespace: string, serviceAccount: string) =>
  parseSpiffeId(`spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`);
const anyName: readonly Pattern[] = [{ startsWith: "" }];

const rule = (name: string, o: Partial<Omit<Rule, "name">> = {}): Rule => ({
  name,
  namespaces: anyName,
  serviceAccounts: anyName,
  terms: openTerms,
  ...o,
});
const policyWith = (...rules: readonly Rule[]): IssuancePolicy => ({
  ...openPolicy,
  rules,
  fallback: { ...openTerms, allow: false },
});
const decider = (policy: IssuancePolicy, namespace = "demo", serviceAccount = "frontend") =>
  rulingOn(id(namespace, serviceAccount), policy).rule;

describe("rulingOn", () => {
  it("applies the default to an identity that matches no rule, however similar a rule's pattern is", () => {
    const policy = policyWith(
      rule("exact", { namespaces: [{ exactly: "payments" }] }),
      rule("prefix", { namespaces: [{ startsWith: "team-" }] }),
    );
    for (const namespace of ["demo", "payments2", "pay", "payment", "team", "my-team-a"]) {
      assert.equal(decider(policy, namespace), "default", namespace);
    }
    assert.equal(rulingOn(id("demo", "frontend"), policy).terms, policy.fallback);
    assert.equal(decider(policy, "payments"), "exact");
    assert.equal(decider(policy, "team-a"), "prefix");
  });

  it("applies the first matching rule, even if a later one is more specific", () => {
    const policy = policyWith(
      rule("any-demo", { namespaces: [{ startsWith: "de" }] }),
      rule("demo-frontend", {
        namespaces: [{ exactly: "demo" }],
        serviceAccounts: [{ exactly: "frontend" }],
      }),
      rule("all"),
    );
    assert.equal(decider(policy), "any-demo");
    assert.equal(decider(policy, "prod"), "all");
  });

  it("requires one matching pattern for the namespace and one for the service account", () => {
    const policy = policyWith(
      rule("both", {
        namespaces: [{ exactly: "demo" }, { exactly: "prod" }],
        serviceAccounts: [{ exactly: "frontend" }, { startsWith: "job-" }],
      }),
    );
    assert.equal(decider(policy, "prod", "job-1"), "both");
    assert.equal(decider(policy, "prod", "bank"), "default");
    assert.equal(decider(policy, "test", "frontend"), "default");
  });

  it("applies a rule for certain issuers only to callers whose issuer is exactly one of them", () => {
    const issuers = ["https://dev.test", "https://test.test"];
    const policy = policyWith(rule("dev", { issuers, namespaces: [{ exactly: "demo" }] }));
    const ruleFor = (issuer: string) => rulingOn(id("demo", "frontend"), policy, issuer).rule;
    for (const issuer of issuers) assert.equal(ruleFor(issuer), "dev");
    for (const issuer of ["https://dev.test/", "https://dev", "https://dev.test.evil", "", "*"]) {
      assert.equal(ruleFor(issuer), "default", issuer);
    }
    assert.equal(decider(policy), "default", "an unknown issuer");
    assert.equal(rulingOn(id("prod", "frontend"), policy, "https://dev.test").rule, "default");
  });

  it("matches nothing with an empty list of patterns", () => {
    assert.equal(decider(policyWith(rule("nobody", { namespaces: [] }))), "default");
  });

  it("treats patterns as literal text, with no special characters", () => {
    for (const exactly of ["*", ".*", "d.mo", "^demo$", "demo|prod", "", "DEMO"]) {
      assert.equal(decider(policyWith(rule("odd", { namespaces: [{ exactly }] }))), "default", exactly);
    }
  });

  it("returns the same rule as a plain search for the first match, for any identity", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 3 });
    const anyPattern: fc.Arbitrary<Pattern> = fc.oneof(
      fc.record({ exactly: word }),
      fc.record({ startsWith: fc.oneof(word, fc.constant("")) }),
    );
    const patterns = fc.array(anyPattern, { minLength: 1, maxLength: 3 });
    const rules = fc.array(fc.record({ namespaces: patterns, serviceAccounts: patterns }), { maxLength: 5 });
    const fits = (list: readonly Pattern[], text: string) =>
      list.some((each) => ("exactly" in each ? each.exactly === text : text.indexOf(each.startsWith) === 0));
    fc.assert(
      fc.property(rules, word, word, (drawn, namespace, serviceAccount) => {
        const index = drawn.findIndex(
          (each) => fits(each.namespaces, namespace) && fits(each.serviceAccounts, serviceAccount),
        );
        const policy = policyWith(...drawn.map((each, number) => rule(`rule-${number}`, each)));
        assert.equal(decider(policy, namespace, serviceAccount), index < 0 ? "default" : `rule-${index}`);
      }),
    );
  });
});

describe("dnsNamesFor", () => {
  const namesOf = (...dnsNames: readonly string[]) =>
    dnsNamesFor(id("demo", "frontend"), { ...openTerms, dnsNames });

  it("returns no names if the terms have none", () => {
    assert.deepEqual(namesOf(), []);
  });

  it("replaces every placeholder, as often as it occurs", () => {
    assert.deepEqual(
      namesOf("{serviceAccount}.{namespace}.svc", "{namespace}-{namespace}.test", "fixed.test"),
      ["frontend.demo.svc", "demo-demo.test", "fixed.test"],
    );
  });

  it("keeps text that only looks like a placeholder, and replaces nothing twice", () => {
    assert.deepEqual(namesOf("{other}.test", "$&.test"), ["{other}.test", "$&.test"]);
    const dotted = SpiffeId.forWorkload(parseTrustDomain("cluster.local"), {
      namespace: "demo",
      serviceAccount: "a.b",
    });
    const dnsNames = ["{serviceAccount}.test", "{other}.{namespace}.test"];
    assert.deepEqual(dnsNamesFor(dotted, { ...openTerms, dnsNames }), ["{other}.demo.test"]);
  });

  it("gives a service account with dots no name from a template, but every fixed one and its namespace's", () => {
    const attacker = id("evil", "kasbah.kasbah-system");
    const dnsNames = [
      "{serviceAccount}.svc",
      "{serviceAccount}.{namespace}.svc",
      "{namespace}.svc",
      "a.b.svc",
    ];
    assert.deepEqual(dnsNamesFor(attacker, { ...openTerms, dnsNames }), ["evil.svc", "a.b.svc"]);
  });
});
