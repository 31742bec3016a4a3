import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseFileSetting, parseSetting, parseValuesFile } from "./set-values.ts";
import { parseValues } from "./values.ts";

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError, String(error));
    return error.problems;
  }
  return assert.fail("nothing was refused");
}

describe("The values of an installation", () => {
  it("refuse unknown names at every depth, all in one go", () => {
    const problems = problemsOf(() =>
      parseValues({ replica: 3, ca: { loglevel: "debug" }, image: { host: "x" } }),
    );
    assert.equal(problems.length, 3);
    for (const name of ["replica", "loglevel", "host"]) {
      assert.ok(
        problems.some((problem) => problem.includes(`"${name}"`)),
        `${name}: ${problems}`,
      );
    }
  });

  it("refuse what the CA, or Kubernetes, would refuse later", () => {
    const wrong = [
      { replicas: 0 },
      { replicas: 1.5 },
      { replicas: 3 },
      { replicas: "3" },
      { image: { digest: "sha256:abc" } },
      { image: { tag: "a b" } },
      { image: { pullPolicy: "Sometimes" } },
      { ca: { trustDomain: "Mesh" } },
      { ca: { tokenAudiences: [] } },
      { ca: { trustedNodeAccounts: ["ztunnel"] } },
      { ca: { defaultTtl: "one day" } },
      { ca: { extraArgs: ["$(evil)"] } },
      { volume: { size: "much" } },
      { networkPolicy: { apiServerPorts: [70_000] } },
      { prometheusRule: { runbookUrl: "javascript:alert(1)" } },
      { policy: { text: "default: { allow: true }", configMap: "ours" } },
      [],
      "replicas: 3",
    ];
    for (const values of wrong)
      assert.ok(problemsOf(() => parseValues(values)).length > 0, JSON.stringify(values));
  });

  it("take no prototype for a value", () => {
    const hostile = JSON.parse('{"__proto__": {"replicas": 3}, "ca": {"__proto__": {"enabled": false}}}');
    assert.ok(problemsOf(() => parseValues(hostile)).length > 0);
    assert.ok(problemsOf(() => parseSetting("__proto__.polluted=yes")).length > 0);
    assert.ok(problemsOf(() => parseSetting("ca.constructor.name=yes")).length > 0);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("are merged as Helm merges them: maps by key, lists as a whole, and null takes a default away", () => {
    const { ca, resources, pod } = parseValues(
      {
        ca: { tokenAudiences: ["a", "b"], logLevel: "debug" },
        resources: { limits: { memory: "1Gi", cpu: "2" } },
      },
      {
        ca: { tokenAudiences: ["c"] },
        resources: { limits: { memory: null } },
        pod: { nodeSelector: { zone: "a" } },
      },
    );
    assert.deepEqual(ca.tokenAudiences, ["c"]);
    assert.equal(ca.logLevel, "debug");
    assert.deepEqual(resources, { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "2" } });
    assert.deepEqual(pod.nodeSelector, { "kubernetes.io/os": "linux", zone: "a" });
    const without = parseValues({
      resources: { limits: null },
      pod: { nodeSelector: null, topologySpread: null },
    });
    assert.deepEqual(without.resources.limits, {});
    assert.deepEqual([without.pod.nodeSelector, without.pod.topologySpread], [{}, []]);
  });
});

describe("A setting", () => {
  it("is refused when it names no value, or is none", () => {
    for (const setting of [
      "replicas",
      "=3",
      "ca.nothing.at.all=1",
      "imagetag=1",
      ".=1",
      "ca.serverSans=[a",
    ]) {
      assert.equal(problemsOf(() => parseValues(parseSetting(setting))).length, 1, setting);
    }
  });

  it("is a text to the letter where one is expected, else YAML", () => {
    assert.deepEqual(parseSetting("image.tag=1.10"), { image: { tag: "1.10" } });
    assert.deepEqual(parseSetting("policy.text=a: [b"), { policy: { text: "a: [b" } });
    assert.deepEqual(parseSetting("replicas=3"), { replicas: 3 });
    assert.deepEqual(parseSetting("ca.enabled=false"), { ca: { enabled: false } });
    assert.deepEqual(parseSetting("ca.serverSans=[a.example, b=c]"), {
      ca: { serverSans: ["a.example", "b=c"] },
    });
    assert.deepEqual(parseSetting("pod.nodeSelector={disk: ssd}"), {
      pod: { nodeSelector: { disk: "ssd" } },
    });
    assert.equal(parseValues(parseSetting("resources.limits.cpu=2")).resources.limits.cpu, 2);
  });

  it("may be what a file holds, and a file may hold many", () => {
    const readFile = (path: string) => `# ${path}\nreplicas: 2\n`;
    assert.deepEqual(parseFileSetting("policy.text=p.yaml", readFile), {
      policy: { text: "# p.yaml\nreplicas: 2\n" },
    });
    assert.deepEqual(parseValuesFile("v.yaml", readFile), { replicas: 2 });
    assert.deepEqual(
      parseValuesFile("empty.yaml", () => "# nothing\n"),
      {},
    );
    assert.match(String(problemsOf(() => parseValuesFile("v.yaml", () => "a: [b"))), /^v\.yaml line 1: /);
  });

  it("follows no alias, by which a few lines stand for millions", () => {
    const bomb = "a: &a [1, 1]\nb: [*a, *a, *a]\n";
    assert.ok(problemsOf(() => parseValuesFile("v.yaml", () => bomb)).length > 0);
  });
});
