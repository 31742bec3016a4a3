import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { Command } from "commander";
import { parseAllDocuments } from "yaml";
import { writeFakeKubectl } from "../install/fake-kubectl.fixture.ts";
import { withClusterOptions } from "../kubectl/cluster-choice.ts";
import type { CommandDeps } from "./command-deps.ts";
import { installCommand, uninstallCommand } from "./install-command.ts";

const image = "--set=image.repository=registry.example/kasbah/server";
const kinds = (yaml: string) => parseAllDocuments(yaml).map((document) => document.toJS().kind);

describe("kasbah install", () => {
  let directory: TemporaryDirectory;
  let nowMs: number;
  /** How long each call of kubectl takes on the fake clock. */
  let lookMs: number;
  let path: string;
  let env: Readonly<Record<string, string>>;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    nowMs = 0;
    lookMs = 0;
    env = {};
    path = `${directory.path}:/usr/bin:/bin`;
    await writeFakeKubectl(directory.join("kubectl"));
  });
  afterEach(() => directory.remove());

  const said = (name: string) => readFile(directory.join(name), "utf8").catch(() => "");

  async function run(...argv: readonly string[]) {
    let text = "";
    const write = (more: string) => {
      text += more;
    };
    const deps = {
      version: "1.2.3",
      screen: { write, colour: false, interactive: false },
      env: { PATH: path, ...env },
      clock: {
        ...systemClock,
        monotonicMs: () => nowMs,
        sleep: async (ms: number) => {
          nowMs += ms + lookMs;
        },
      },
      signal: new AbortController().signal,
    } as Partial<CommandDeps> as CommandDeps;
    const program = withClusterOptions(new Command("kasbah").exitOverride());
    program.configureOutput({ writeOut: write, writeErr: write });
    for (const command of [installCommand(deps), uninstallCommand(deps)]) {
      command.copyInheritedSettings(program).configureOutput({ writeOut: write, writeErr: write });
      program.addCommand(command);
    }
    const error = await program.parseAsync(["node", "kasbah", ...argv]).then(
      () => undefined,
      (reason: { code?: string; message: string }) => reason,
    );
    return { text, error };
  }

  it("rejects unknown values, and reports that remote is not supported yet", async () => {
    const remote = await run("install", "--profile", "remote");
    assert.match(remote.text, /remote, a CA outside the cluster, is not supported yet/);
    assert.match(
      (await run("install", "--profile", "huge")).text,
      /one of default, minimal, demo, openshift, empty, preview/,
    );
    assert.match((await run("install", "-n", "../etc")).text, /lower case letters/);
    for (const wrong of [
      ["--set", "nothing=1"],
      ["--values", "/not/there"],
      ["--set", "replicas=none"],
      ["--set", "image.repository="],
    ]) {
      const { error, text } = await run("install", image, ...wrong);
      assert.equal(error?.code, "CONFIG_INVALID", wrong.join(" "));
      assert.equal(text, "");
    }
    assert.equal(await said("calls"), "");
  });

  it("names the missing image and the flag that sets it, unless no CA is installed", async () => {
    const { error } = await run("install");
    assert.equal(error?.code, "CONFIG_INVALID");
    assert.match(
      String(error?.message),
      /image\.repository: required: .* --registry .* --set image\.repository=/,
    );
    assert.equal((await run("install", "--profile", "empty")).error, undefined);
  });

  it("takes the image from the registry that a flag or a variable names, unless a value names the image", async () => {
    const imageOf = async (...argv: readonly string[]) =>
      / image: (\S+):1\.2\.3\n/.exec((await run("install", ...argv)).text)?.[1];
    assert.equal(await imageOf("--registry", "localhost:5000/team"), "localhost:5000/team/kasbah/server");
    assert.equal(await imageOf("--registry", "other.example", image), "registry.example/kasbah/server");
    env = { KASBAH_REGISTRY: "variable.example" };
    assert.equal(await imageOf(), "variable.example/kasbah/server");
    assert.equal(await imageOf("--registry", "flag.example"), "flag.example/kasbah/server");
    const { error } = await run("install", "--registry", "https://flag.example");
    assert.equal(error?.code, "CONFIG_INVALID");
    assert.match(String(error?.message), /--registry is "https:\/\/flag\.example": expected a host/);
  });

  it("prints the objects without contacting a cluster", async () => {
    const { text, error } = await run("install", image, "--namespace", "mesh", "--set", "image.tag=9");
    assert.equal(error, undefined);
    assert.deepEqual(kinds(text).slice(0, 2), ["Namespace", "ServiceAccount"]);
    assert.match(text, /image: registry\.example\/kasbah\/server:9\n/);
    assert.match(text, /--server-san=kasbah\.mesh\.svc\n/);
    assert.equal((await run("install", image, "--namespace", "mesh", "--set", "image.tag=9")).text, text);
    assert.equal(await said("calls"), "");
  });

  it("lets the later of two settings win, and flags override files", async () => {
    await writeFile(directory.join("v.yaml"), "image: { tag: of-the-file }\nvolume: { size: 3Gi }\n");
    const { text } = await run(
      "install",
      image,
      "--set=image.tag=a",
      "--values",
      directory.join("v.yaml"),
      "--set=image.tag=b",
    );
    assert.match(text, /registry\.example\/kasbah\/server:b\n/);
    assert.match(text, /storage: 3Gi\n/);
  });

  it("applies the namespace first, with field manager kasbah, and returns when all objects exist", async () => {
    const printed = kinds((await run("install", image)).text);
    await writeFile(directory.join("found"), "one/object\n".repeat(printed.length - 1));
    const { text, error } = await run("install", image, "--apply", "--context", "prod", "--kubeconfig", "k");
    assert.equal(error, undefined);
    const apply =
      "--context=prod --kubeconfig=k apply --server-side --field-manager=kasbah --validate=strict -f -";
    const [first, second, third, fourth] = (await said("calls")).split("\n");
    assert.match(String(first), / get namespaces --field-selector=metadata.name=kasbah-system /);
    assert.deepEqual([second, third], [apply, apply]);
    assert.match(String(fourth), / get -o=name /);
    assert.deepEqual(kinds(await said("applied")), printed);
    assert.match(
      text,
      /follow the rollout with: kubectl --namespace kasbah-system --context prod --kubeconfig k rollout status statefulset\/kasbah\n$/,
    );
  });

  it("leaves a namespace unchanged that already exists", async () => {
    await writeFile(directory.join("foreign"), "namespace/istio-system\n");
    await run("install", image, "--apply", "--namespace", "istio-system", "--profile", "demo");
    const applied = kinds(await said("applied"));
    assert.equal(applied[0], "ServiceAccount");
    assert.ok(applied.length > 5);
  });

  it("fails if objects are missing after a minute, and passes on errors of kubectl", async () => {
    await writeFile(directory.join("found"), "one/object\n");
    lookMs = 14_000;
    const missing = await run("install", image, "--apply");
    assert.equal(missing.error?.code, "NOT_READY");
    const looks = (await said("calls")).split("\n").filter((call) => call.includes(" -o=name --ignore"));
    assert.deepEqual([nowMs, looks.length], [60_000, 5]);
    const { error } = await run("install", image, "--apply", "--context", "refused");
    assert.equal(error?.code, "PROCESS_FAILED");
    assert.equal(error?.message, "kubectl apply failed: error: the server said no");
  });

  it("reports in one sentence that no cluster answers, without the log lines of kubectl", async () => {
    const { error } = await run("install", image, "--apply", "--context", "unreachable");
    assert.equal(error?.code, "PROCESS_FAILED");
    assert.equal(
      error?.message,
      "kubectl get failed: The connection to the server localhost:8080 was refused",
    );
  });

  it("refuses values with which the CA would not start, before it contacts a cluster", async () => {
    const wrong = ["--set=ca.defaultTtl=100h", "--set=ca.maxTtl=1h", "--set=policy.text=version: 2"];
    const { error, text } = await run("install", image, ...wrong, "--apply");
    assert.equal(error?.code, "CONFIG_INVALID");
    assert.match(String(error?.message), /ca\.defaultTtl \(--default-ttl=100h\): .*policy\.text line 1: /);
    assert.equal(text, "");
    assert.equal(await said("calls"), "");
  });

  it("reports that kubectl is missing", async () => {
    await rm(directory.join("kubectl"));
    path = directory.path;
    const { error } = await run("install", image, "--apply");
    assert.equal(error?.code, "PROCESS_FAILED");
    assert.match(String(error?.message), /^kubectl not found: install it/);
  });

  it("deletes nothing without --yes", async () => {
    const { error } = await run("uninstall", "--purge");
    assert.equal(error?.code, "CONFIG_INVALID");
    assert.match(String(error?.message), /--yes: .*no workload is trusted/);
    assert.equal(await said("calls"), "");
  });

  it("keeps volumes, Secrets, the namespace and objects of Helm", async () => {
    const { text, error } = await run("uninstall", "--yes", "-n", "mesh");
    assert.equal(error, undefined);
    const [known, inNamespace = "", ofCluster = "", ...more] = (await said("calls")).trim().split("\n");
    assert.match(String(known), /^api-resources /);
    assert.match(
      inNamespace,
      /delete --ignore-not-found --timeout=2m prometheusrules\.monitoring\.coreos\.com,statefulsets/,
    );
    assert.match(inNamespace, /--namespace=mesh .*managed-by=kasbah/);
    assert.match(ofCluster, /clusterroles.* --field-selector=metadata.name=kasbah-mesh .*managed-by=kasbah/);
    assert.doesNotMatch(inNamespace + ofCluster, /persistentvolume|secrets|namespaces/);
    assert.deepEqual(more, []);
    assert.match(text, /volumes, Secrets and the namespace mesh remain/);
  });

  it("deletes the keys and its own namespace with --purge", async () => {
    const { text } = await run("uninstall", "--yes", "--purge");
    const [volumes = "", roots = "", namespaces = ""] = (await said("calls")).trim().split("\n").slice(4);
    assert.match(
      volumes,
      /delete --ignore-not-found --timeout=2m persistentvolumeclaims,secrets --namespace=kasbah-system .*kasbah/,
    );
    assert.match(roots, /get configmaps --namespace=kasbah-system .*"kasbah-system\/kasbah"/);
    assert.match(
      namespaces,
      /delete .*namespaces --field-selector=metadata.name=kasbah-system .*managed-by=kasbah/,
    );
    assert.doesNotMatch(text, /still there/);
  });

  it("refuses --purge beside another CA, whose keys it would delete too", async () => {
    await writeFile(directory.join("others"), "statefulset.apps/mesh-ca\n");
    const { error } = await run("uninstall", "--yes", "--purge");
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.match(
      String(error?.message),
      /keys of another CA in namespace kasbah-system \(statefulset\.apps\/mesh-ca\)/,
    );
    assert.doesNotMatch(await said("calls"), /delete/);
    assert.equal((await run("uninstall", "--yes")).error, undefined);
  });

  it("explains profiles and consequences in its help", async () => {
    const { text } = await run("install", "--help");
    for (const words of ["kasbah install --apply", "minimal", "remote", "--set-file", "kubectl diff"]) {
      assert.ok(text.includes(words), words);
    }
    assert.match((await run("uninstall", "--help")).text, /continues with the same root/);
  });
});
