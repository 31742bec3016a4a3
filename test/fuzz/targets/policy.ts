import assert from "node:assert/strict";
import { parseSpiffeId } from "@kasbah/pki";
import { parsePolicy } from "../../../packages/ca-server/src/admission/policy/file.ts";
import { PolicyError } from "../../../packages/ca-server/src/errors.ts";
import { dnsNamesFor, rulingOn } from "../../../packages/ca-server/src/issuance/rules.ts";
import { yamlMutants } from "../mutants.ts";
import { bytesOf, fileBudgetMs, read, type Target, textOf } from "../target.ts";
import { checkProblems } from "./yaml-problems.ts";

const yaml = `version: 1
rules:
  - name: payments
    namespaces: [payments, "payments-*"]
    serviceAccounts: ["*"]
    allow: true
    ttl: { default: 1h, max: 24h, onExcess: refuse }
    keyTypes: [P-256, RSA-2048]
    dnsNames: ["{serviceAccount}.{namespace}.svc"]
    onForeignNames: refuse
    rate: { perMinute: 6, burst: 3 }
  - name: others  # a comment
    allow: false
    reason: "ask the platform team"
default:
  allow: true
globalRate: { perMinute: 600, burst: 100 }
`;
const json = {
  version: 1,
  rules: [
    { name: "a", namespaces: ["x-*"], serviceAccounts: ["y"], allow: true, ttl: { max: "15m" } },
    { name: "b", allow: false, reason: "no", dnsNames: ["a.svc"], onSharedKey: "refuse" },
  ],
  default: { allow: true, rate: { perMinute: 1.5, burst: 1 } },
};
const valid = [yaml, JSON.stringify(json)].map(bytesOf);
const workloads = ["spiffe://td/ns/payments/sa/api", "spiffe://td/ns/x-1/sa/y", "spiffe://td/other"].map(
  parseSpiffeId,
);

export const policy: Target = {
  name: "policy",
  valid,
  inputs: yamlMutants(valid),
  budgetMs: fileBudgetMs,
  check(text) {
    const parsed = read(() => parsePolicy("policy.yaml", textOf(text)), isRefusal);
    if (parsed === undefined) return "refused";
    const { value } = parsed;
    const inForce = { defaultTtlMs: 1, maxTtlMs: 2, ttlCeilingMs: 2, ...value };
    for (const id of workloads) {
      const { rule, terms } = rulingOn(id, inForce);
      assert.ok(rule === "default" || value.rules.some(({ name }) => name === rule));
      assert.equal(typeof terms.allow, "boolean");
      const names = dnsNamesFor(id, terms);
      assert.ok(
        names.every((name) => id.workload === undefined || /^[a-z0-9.-]+$/.test(name)),
        String(names),
      );
    }
    return "accepted";
  },
};

function isRefusal(error: unknown): boolean {
  if (!(error instanceof PolicyError)) return false;
  checkProblems(error.problems);
  return true;
}
