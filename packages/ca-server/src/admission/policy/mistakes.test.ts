import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import { PolicyError } from "../../errors.ts";
import { parsePolicy } from "./file.ts";

const header = "version: 1\ndefault: { allow: true }\n";
const inDefault = (text: string) => `version: 1\ndefault:\n  allow: true\n  ${text}\n`;
const inRule = (text: string) => `${header}rules:\n  - name: one\n    allow: true\n    ${text}\n`;
const pattern = (text: string) => inRule(`namespaces: [${JSON.stringify(text)}]`);
const account = (text: string) => inRule(`serviceAccounts: [${JSON.stringify(text)}]`);
const dnsName = (text: string) => inDefault(`dnsNames: [${JSON.stringify(text)}]`);

const noPattern = "expected a name, or a prefix that ends with \\*; other patterns are not supported";
const noDnsName = "is not a lower-case DNS name; it may contain {namespace} and {serviceAccount}";
const publicName = "is a public name; dangerouslyPublicNames: true allows it";
const openEnd = "ends with the name of a namespace or service account, which may be a public suffix";
const noDuration = "expected a duration above zero such as 90s, 15m or 24h";

/** Each text has one mistake: the line and the sentence that reports it. */
const mistakes: Readonly<Record<string, Readonly<Record<string, readonly [number, string]>>>> = {
  "its frame": {
    [header.replace("1", "2")]: [1, "version expected version: 1"],
    [header.replace("1", "'1'")]: [1, "version expected version: 1"],
    "default: { allow: true }\n": [1, "version expected version: 1"],
    "- version: 1\n": [1, "expected object, received array"],
    "version\n": [1, "expected object, received string"],
    [`${header}rule: []\n`]: [1, 'Unrecognized key: "rule"'],
    [`${header}rules: {}\n`]: [3, "rules .*expected array"],
    [`${header}rules: [{ allow: true }]\n`]: [3, "rules.0.name .*expected string"],
    [`${header}rules: [{ name: one }]\n`]: [3, "rules.0.allow .*expected boolean"],
    [`${header}rules: [{ name: default, allow: true }]\n`]: [
      3,
      "rules.0.name is already used by another rule",
    ],
    [`${header}rules:\n  - { name: a, allow: true }\n  - { name: a, allow: true }\n`]: [
      5,
      "rules.1.name is already used by another rule",
    ],
    [`${header}globalRate: 5\n`]: [3, "globalRate .*expected object"],
    [inDefault("allowed: true")]: [3, 'default Unrecognized key: "allowed"'],
    [inRule("dnsName: a.svc")]: [4, 'rules.0 Unrecognized key: "dnsName"'],
  },
  "what YAML can do": {
    [`${header}default: { allow: false }\n`]: [3, "duplicate key"],
    [inDefault("allow: false")]: [4, "duplicate key"],
    [`${header}---\n${header}`]: [3, "multiple documents"],
    [`version: 1\ndefault: &a { allow: true }\nrules: [*a]\n`]: [3, "aliases"],
    [inDefault("reason: !!js/regexp /x/")]: [4, "Unresolved tag"],
    [inDefault("reason: !include other.yaml")]: [4, "Unresolved tag"],
    [inDefault("<<: { allow: false }")]: [3, 'Unrecognized key: "<<"'],
    [inDefault("__proto__: { allow: false }")]: [3, 'Unrecognized key: "__proto__"'],
    [inDefault("constructor: { prototype: { allow: false } }")]: [3, 'Unrecognized key: "constructor"'],
    [`${header}__proto__: { rules: [] }\n`]: [1, 'Unrecognized key: "__proto__"'],
    [`${header}toString: 1\n`]: [1, 'Unrecognized key: "toString"'],
    [inDefault("allow: yes").replace("  allow: true\n", "")]: [3, "default.allow .*expected boolean"],
    [`version: 1\n default: { allow: true }\n`]: [1, "."],
    [`version: 1\ndefault: { allow: true\n`]: [3, "."],
  },
  "its issuers": {
    [inRule("issuers: []")]: [6, "rules.0.issuers is empty and would match nothing"],
    [inRule('issuers: [""]')]: [6, "rules.0.issuers.0 expected the exact iss of tokens"],
    [inRule('issuers: ["https://dev.test", "https://*"]')]: [6, "rules.0.issuers.1 expected the exact iss"],
    [inRule("issuers: https://dev.test")]: [6, "rules.0.issuers .*expected array"],
    [inRule("issuer: [https://dev.test]")]: [4, 'rules.0 Unrecognized key: "issuer"'],
    [inDefault("issuers: [https://dev.test]")]: [3, 'default Unrecognized key: "issuers"'],
  },
  "its patterns": {
    [pattern("pay.*")]: [6, noPattern],
    [pattern(".*")]: [6, noPattern],
    [pattern("^payments$")]: [6, noPattern],
    [pattern("(a+)+")]: [6, noPattern],
    [pattern("a|b")]: [6, noPattern],
    [pattern("[a-z]")]: [6, noPattern],
    [pattern("**")]: [6, noPattern],
    [pattern("*-payments")]: [6, noPattern],
    [pattern("pay*ments")]: [6, noPattern],
    [pattern("")]: [6, noPattern],
    [pattern("Payments")]: [6, noPattern],
    [pattern("pay ments")]: [6, noPattern],
    [pattern("x".repeat(64))]: [6, noPattern],
    [account(".*")]: [6, noPattern],
    [account("a/b")]: [6, noPattern],
    [account("x".repeat(254))]: [6, noPattern],
    [inRule("namespaces: []")]: [
      6,
      "rules.0.namespaces is empty and would match nothing; omit it to match everything",
    ],
    [inRule("namespaces: payments")]: [6, "rules.0.namespaces .*expected array"],
    [inRule("serviceAccounts: [3]")]: [6, "rules.0.serviceAccounts.0 .*expected string"],
    [inRule("name: two").replace("name: one\n    ", "").replace("two", "a_b")]: [
      5,
      "rules.0.name expected lower-case letters, digits and hyphens",
    ],
  },
  "its names": {
    [dnsName("example.com")]: [4, publicName],
    [dnsName("shop.example.co.uk")]: [4, publicName],
    [dnsName("me.github.io")]: [4, publicName],
    [dnsName("{namespace}.dev")]: [4, publicName],
    [dnsName("{serviceAccount}")]: [4, openEnd],
    [dnsName("{serviceAccount}.{namespace}")]: [4, openEnd],
    [dnsName("a.b-{namespace}")]: [4, openEnd],
    [dnsName("com")]: [4, publicName],
    [dnsName("*.demo.svc")]: [4, noDnsName],
    [dnsName("Demo.svc")]: [4, noDnsName],
    [dnsName("a..svc")]: [4, noDnsName],
    [dnsName("demo.svc.")]: [4, noDnsName],
    [dnsName("-a.svc")]: [4, noDnsName],
    [dnsName("")]: [4, noDnsName],
    [dnsName("{pod}.svc")]: [4, noDnsName],
    [dnsName("bücher.svc")]: [4, noDnsName],
    [dnsName("10.0.0.1")]: [4, noDnsName],
    [dnsName("a.svc\u0000.evil.test")]: [4, noDnsName],
    [dnsName(`${"a.".repeat(100)}svc`)]: [4, noDnsName],
    [inDefault(`dnsNames: [${Array.from({ length: 21 }, (_, n) => `n${n}.svc`)}]`)]: [
      4,
      "default.dnsNames .*20",
    ],
  },
  "its amounts": {
    [inDefault("ttl: { default: 2h, max: 1h }")]: [4, "default.ttl default is greater than max"],
    [inDefault("ttl: { max: soon }")]: [4, noDuration],
    [inDefault("ttl: { max: 0s }")]: [4, noDuration],
    [inDefault("ttl: { max: -1h }")]: [4, noDuration],
    [inDefault("ttl: { max: 3600 }")]: [4, "default.ttl.max .*expected string"],
    [inDefault("ttl: 1h")]: [4, "default.ttl .*expected object"],
    [inDefault("ttl: { onExcess: cut }")]: [4, 'default.ttl.onExcess .*"clamp"'],
    [inDefault("rate: { perMinute: 0, burst: 1 }")]: [4, "default.rate.perMinute"],
    [inDefault("rate: { perMinute: .inf, burst: 1 }")]: [4, "default.rate.perMinute"],
    [inDefault("rate: { perMinute: .nan, burst: 1 }")]: [4, "default.rate.perMinute"],
    [inDefault("rate: { perMinute: 1, burst: 0 }")]: [4, "default.rate.burst"],
    [inDefault("rate: { perMinute: 1, burst: 1.5 }")]: [4, "default.rate.burst"],
    [inDefault("rate: { perMinute: 1 }")]: [4, "default.rate.burst"],
    [inDefault("keyTypes: []")]: [4, "default.keyTypes"],
    [inDefault("keyTypes: [RSA-1024]")]: [4, "default.keyTypes.0"],
    [inDefault("onSharedKey: drop")]: [4, 'default.onSharedKey .*"count"\\|"refuse"'],
    [inDefault("reason: ''")]: [4, "default.reason"],
    [inDefault(`reason: ${"x".repeat(201)}`)]: [4, "default.reason"],
  },
};

describe("policySchema", () => {
  for (const [place, cases] of Object.entries(mistakes)) {
    it(`rejects ${Object.keys(cases).length} mistakes in ${place} with the line of each`, () => {
      for (const [text, [line, sentence]] of Object.entries(cases)) {
        const error = throwsWithCode(() => parsePolicy("p.yaml", text), "POLICY_INVALID");
        assert.ok(error instanceof PolicyError);
        const [problem] = error.problems;
        assert.match(String(problem), new RegExp(`^p\\.yaml line ${line}: .*${sentence}`), text);
      }
    });
  }

  it("accepts the correct value of each field", () => {
    const good = [
      pattern("payments"),
      pattern("pay*"),
      pattern("*"),
      account("team.a"),
      account("team.*"),
      dnsName("{serviceAccount}.{namespace}.svc.cluster.local"),
      dnsName("db.internal"),
      inDefault("dangerouslyPublicNames: true\n  dnsNames: [shop.example.com, '{serviceAccount}']"),
      inDefault("ttl: { default: 1h, max: 1h }"),
      inDefault("rate: { perMinute: 0.5, burst: 1 }"),
    ];
    for (const text of good) assert.equal(parsePolicy("p.yaml", text).fallback.allow, true, text);
  });
});
