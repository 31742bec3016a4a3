import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseFileSetting, parseSetting, parseValuesFile } from "./set-values.ts";
import { parseValues } from "./values.ts";

const image = { image: { repository: "registry.example/kasbah/server" } };

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError, String(error));
    return error.problems;
  }
  return assert.fail("nothing was refused");
}

describe("Installation values", () => {
  it("reports unknown names at every depth in one error", () => {
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

  it("rejects values that the CA or Kubernetes would reject later", () => {
    const wrong = [
      { replicas: 0 },
      { replicas: 1.5 },
      { replicas: 3, ca: { stateSecret: "" } },
      { enabled: false },
      { replicas: "3" },
      { image: { digest: "sha256:abc" } },
      { image: { tag: "a b" } },
      { image: { pullPolicy: "Sometimes" } },
      { ca: { trustDomain: "Mesh" } },
      { ca: { tokenAudiences: [] } },
      { ca: { trustedNodeAccounts: ["ztunnel"] } },
      { ca: { defaultTtl: "one day" } },
      { ca: { extraArgs: ["$(evil)"] } },
      { ca: { extraArgs: ["--foo=1"] } },
      { ca: { extraArgs: ["--max-ttl=1h"] } },
      { ca: { serverSans: ["bad name"] } },
      { networkPolicy: { callersFrom: [{ podselector: {} }] } },
      { networkPolicy: { callersFrom: [{}] } },
      { networkPolicy: { metricsFrom: [{ namespaceSelector: { matchlabels: {} } }] } },
      { networkPolicy: { callersFrom: [{ ipBlock: { cidr: "10.0.0.0" } }] } },
      { networkPolicy: { extraEgress: [{ port: 8080 }] } },
      {
        networkPolicy: {
          callersFrom: [{ podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }],
        },
      },
      { ca: { workers: 0 } },
      { ca: { workers: "many" } },
      { volume: { size: "much" } },
      { networkPolicy: { apiServerPorts: [70_000] } },
      { prometheusRule: { runbookUrl: "javascript:alert(1)" } },
      { prometheusRule: { runbookUrl: "https://wiki.test/a: b" } },
      { policy: { text: "default: { allow: true }", configMap: "ours" } },
      { image: { repository: "" } },
      [],
      "replicas: 3",
    ];
    for (const values of wrong) {
      const problems = problemsOf(() => parseValues(image, values));
      assert.equal(problems.length, 1, `${JSON.stringify(values)}: ${problems}`);
    }
  });

  it("names what was expected and what was found, but no value of a flag, which may be a secret", () => {
    const problems = problemsOf(() =>
      parseValues(image, {
        replicas: 0,
        ca: {
          serverSans: ["bad name"],
          extraArgs: ["--root-kye=P-384", "--jwks-proxy", "--log-level=debug", "--foo=secret"],
        },
      }),
    );
    assert.deepEqual(problems, [
      "replicas: Too small: expected number to be >=1, got 0",
      'ca.serverSans.0: expected a DNS name in lower case or an IP address, got "bad name"',
      'ca.extraArgs.0: expected a flag of kasbah-server, got "--root-kye"; did you mean --root-key?',
      'ca.extraArgs.1: expected --jwks-proxy=VALUE, as one text, got "--jwks-proxy"',
      'ca.extraArgs.2: "--log-level" has a value of its own, or is fixed; remove it',
      'ca.extraArgs.3: expected a flag of kasbah-server, got "--foo"',
    ]);
  });

  it("rejects keys that would change an object's prototype", () => {
    const hostile = JSON.parse('{"__proto__": {"replicas": 3}, "ca": {"__proto__": {"enabled": false}}}');
    assert.ok(problemsOf(() => parseValues(hostile)).length > 0);
    assert.ok(problemsOf(() => parseSetting("__proto__.polluted=yes")).length > 0);
    assert.ok(problemsOf(() => parseSetting("ca.constructor.name=yes")).length > 0);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });

  it("merges layers as Helm does: maps by key, lists as a whole, and null removes a default", () => {
    const { ca, resources, pod } = parseValues(
      image,
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
    assert.deepEqual(resources, { requests: { cpu: "100m", memory: "192Mi" }, limits: { cpu: "2" } });
    assert.deepEqual(pod.nodeSelector, { "kubernetes.io/os": "linux", zone: "a" });
    const without = parseValues(image, {
      resources: { limits: null },
      pod: { nodeSelector: null, topologySpread: null },
    });
    assert.deepEqual(without.resources.limits, {});
    assert.deepEqual([without.pod.nodeSelector, without.pod.topologySpread], [{}, []]);
  });
});

describe("--set", () => {
  it("rejects a setting without a known name and a value", () => {
    for (const setting of [
      "replicas",
      "=3",
      "ca.nothing.at.all=1",
      "imagetag=1",
      ".=1",
      "ca.serverSans=[a",
    ]) {
      assert.equal(problemsOf(() => parseValues(image, parseSetting(setting))).length, 1, setting);
    }
  });

  it("takes a setting literally if the value is a string, and as YAML otherwise", () => {
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
    assert.equal(parseValues(image, parseSetting("resources.limits.cpu=2")).resources.limits.cpu, 2);
  });

  it("reads one value from a file with --set-file, and many with --values", () => {
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

  it("rejects YAML aliases, which could expand a few lines to millions", () => {
    const bomb = "a: &a [1, 1]\nb: [*a, *a, *a]\n";
    assert.ok(problemsOf(() => parseValuesFile("v.yaml", () => bomb)).length > 0);
  });
});
