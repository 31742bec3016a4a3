import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { installObjects } from "../objects/install-objects.ts";
import { parseValues, type ValuesInput } from "../values/values.ts";
import { checkInstallation } from "./check-installation.ts";

const image = { image: { repository: "registry.example/kasbah/server" } };

function problemsOf(given: ValuesInput): readonly string[] {
  try {
    const installation = { namespace: "mesh", version: "1.2.3", values: parseValues(image, given) };
    checkInstallation(installation, installObjects(installation));
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError, String(error));
    return error.problems;
  }
}

const policy = "version: 1\ndefault: { allow: true }\n";

describe("checkInstallation", () => {
  it("accepts values with which the CA starts, and an installation without a CA", () => {
    assert.deepEqual(problemsOf({ policy: { text: policy }, ca: { extraArgs: ["--root-key=P-384"] } }), []);
    assert.deepEqual(problemsOf({ ca: { enabled: false }, policy: { text: "nonsense" } }), []);
  });

  it("names the value, what was found and what was expected if lifetimes contradict each other", () => {
    assert.deepEqual(problemsOf({ ca: { defaultTtl: "100h", maxTtl: "1h" } }), [
      "ca.defaultTtl (--default-ttl=100h): is greater than --max-ttl; lower it, or raise --max-ttl",
    ]);
  });

  it("names each line of a policy that the CA would refuse", () => {
    assert.deepEqual(problemsOf({ policy: { text: "version: 2\nrules: []\n" } }), [
      "policy.text line 1: version expected version: 1",
      "policy.text line 1: default Invalid input: expected object, received undefined",
    ]);
    assert.match(problemsOf({ policy: { text: "nonsense" } }).join(), /^policy\.text line 1: /);
    assert.match(problemsOf({ policy: { text: "a: [b" } }).join(), /^policy\.text line 1: /);
  });

  it("names ca.extraArgs for a wrong flag, and shows no value that may be a secret", () => {
    const problems = problemsOf({
      ca: { extraArgs: ["--root-ttl=soon", "--jwks-proxy=ftp://user:hunter2@proxy.example"] },
    });
    assert.equal(problems.length, 2);
    assert.match(problems.join("\n"), /^ca\.extraArgs \(--root-ttl\): expected a duration .*, got "soon"$/m);
    assert.match(problems.join("\n"), /^ca\.extraArgs \(--jwks-proxy\): /m);
    assert.doesNotMatch(problems.join("\n"), /hunter2/);
  });

  it("names the value that contradicts a default of the CA", () => {
    assert.deepEqual(problemsOf({ ca: { extraArgs: ["--root-ttl=1h"] } }), [
      "ca.extraArgs (--root-ttl): --intermediate-ttl: is greater than --root-ttl, but a certificate cannot outlive its issuer; lower it",
    ]);
  });

  it("names both values that set a flag which may be given once", () => {
    assert.deepEqual(problemsOf({ ca: { workers: 2, extraArgs: ["--workers=4"] } }), [
      "ca.workers and ca.extraArgs (--workers): given 2 times",
    ]);
  });

  it("reports all problems in one run", () => {
    const given = { ca: { defaultTtl: "2h", maxTtl: "1h", extraArgs: ["--root-ttl=1h"] } };
    assert.equal(problemsOf({ ...given, policy: { text: "a: 1" } }).length >= 4, true);
  });

  it("refuses the values that only Helm obeys, with another way to the same", () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };
    assert.deepEqual(problemsOf({ dashboard: { enabled: true }, extraObjects: [object] }), [
      "dashboard.enabled: only for Helm; import deploy/grafana/kasbah.json into Grafana, or create a ConfigMap from it",
      "extraObjects: only for Helm; apply these objects with kubectl",
    ]);
  });

  it("leaves arguments to the CA that the kubelet completes with variables of the pod", () => {
    assert.deepEqual(problemsOf({ ca: { extraArgs: ["--ledger-place=$(POD_NAME)"] } }), []);
  });
});
