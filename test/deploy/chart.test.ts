import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { loadConfig } from "@kasbah/runtime/yaml";
import { parse } from "yaml";
import {
  type ServerConfig,
  serverCommand,
  serverOptions,
} from "../../packages/ca-server/src/config/config.ts";
import { neededPermissions } from "../../packages/ca-server/src/kubernetes/rbac/rbac-rules.ts";
import { parseValues } from "../../packages/cli/src/install/values.ts";
import { installations, installed, version } from "../harness/chart/installations.ts";
import { type KubernetesObject, readText, readYaml } from "../harness/chart/yaml.ts";
import { chartFiles } from "./chart-files.ts";

interface Workload extends KubernetesObject {
  readonly spec: {
    readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] };
    };
  };
}

interface Rules extends KubernetesObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs: readonly string[];
  }[];
}

const workloadOf = (objects: readonly KubernetesObject[]) =>
  objects.find(({ kind }) => kind === "StatefulSet") as Workload | undefined;

describe("The chart and kasbah install", () => {
  it("are of the release that this is", () => {
    const released = JSON.parse(readText("packages/cli/package.json")).version;
    const { version: ofChart, appVersion } = readYaml("deploy/helm/kasbah/Chart.yaml") as Record<
      string,
      string
    >;
    assert.deepEqual([ofChart, appVersion, version], [released, released, released]);
  });

  it("know the same values, with the same defaults", () => {
    assert.deepEqual(readYaml("deploy/helm/kasbah/values.yaml"), parseValues({}));
  });

  it("share what was made by node --conditions=kasbah-source test/deploy/write-chart-files.ts", () => {
    for (const [path, text] of chartFiles()) assert.deepEqual(readYaml(path), parse(text), path);
  });
});

describe("What is installed", () => {
  it("is nothing but what may be selected by a label that no release changes", () => {
    for (const [name, given] of Object.entries(installations)) {
      const workload = workloadOf(installed(given));
      if (workload === undefined) continue;
      const { matchLabels } = workload.spec.selector;
      assert.deepEqual(
        Object.keys(matchLabels).filter((label) => !/\/(name|instance|component)$/.test(label)),
        [],
        name,
      );
      const { labels } = workload.spec.template.metadata;
      for (const [label, value] of Object.entries(matchLabels)) assert.equal(labels[label], value, name);
    }
  });

  it("starts the server with flags that it takes", () => {
    const { everything = {} } = installations;
    const { grpcAddress, serverSan, noClientCertificates, policy, namespace } =
      configOf(installed(everything)) ?? {};
    assert.deepEqual(grpcAddress, { host: "0.0.0.0", port: 15012 });
    assert.deepEqual(serverSan?.slice(0, 2), [
      "kasbah.kasbah-system.svc",
      "kasbah.kasbah-system.svc.cluster.local",
    ]);
    assert.equal(noClientCertificates, false);
    assert.equal(policy, "/etc/kasbah/policy/policy.yaml");
    assert.equal(namespace, "mesh");
    assert.equal(configOf(installed({}))?.noClientCertificates, true);
  });

  it("may do what the CA asks of RBAC with these flags, and nothing more", () => {
    for (const [name, given] of Object.entries(installations)) {
      const objects = installed(given);
      const config = configOf(objects);
      if (config === undefined) continue;
      const needed = neededPermissions(config).map(({ rule, verb, name: object = "" }) =>
        [rule.scope, rule.group, rule.resource, object, verb].join(" "),
      );
      assert.deepEqual(grantedBy(objects).toSorted(), [...new Set(needed)].toSorted(), name);
    }
  });
});

/** The server's configuration in its pod; undefined where none is installed. */
function configOf(objects: readonly KubernetesObject[]): ServerConfig | undefined {
  const argv = workloadOf(objects)?.spec.template.spec.containers[0]?.args;
  if (argv === undefined) return undefined;
  const env = { KASBAH_STATE_DIR: "/var/lib/kasbah/state", POD_NAME: "kasbah-0", POD_NAMESPACE: "mesh" };
  const readFile = (path: string) => readFileSync(path, "utf8");
  const options = serverOptions({ isRoot: false, env: {} });
  const outcome = loadConfig(serverCommand(version), options, { argv, env, readFile });
  assert.equal(outcome.kind, "run");
  return outcome.kind === "run" ? outcome.config : undefined;
}

function grantedBy(objects: readonly KubernetesObject[]): readonly string[] {
  const roles = objects.filter(({ kind }) => /Role$/.test(kind)) as Rules[];
  return roles.flatMap(({ kind, rules }) => {
    const scope = kind === "Role" ? "namespace" : "cluster";
    return rules.flatMap(({ apiGroups: [group], resources: [resource], resourceNames = [""], verbs }) =>
      verbs.flatMap((verb) => resourceNames.map((name) => [scope, group, resource, name, verb].join(" "))),
    );
  });
}
