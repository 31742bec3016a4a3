import { execFile } from "node:child_process";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { parseTrustBundle } from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { stringify } from "yaml";
import { chartPath } from "../../harness/chart/yaml.ts";
import { currentRelease, type Release, runCommand } from "../../harness/release.ts";
import type { ControlPlane } from "../control-plane.ts";
import type { Helm } from "../helm-command.ts";
import { createToken } from "../workloads.ts";
import { ClusterPod } from "./cluster-pod.ts";

/** How an operator installs and upgrades. */
export type Way = "helm upgrade" | "helm template | kubectl apply" | "kasbah install";

interface PublishedConfigMap {
  readonly data?: Readonly<Record<string, string>>;
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
}

const image = "image.repository=registry.example/kasbah/server";

/** An installation in its own namespace, with volumes on which its pods run as processes. */
export class ClusterInstallation implements AsyncDisposable {
  readonly namespace: string;
  readonly #controlPlane: ControlPlane;
  readonly #helm: Helm;
  readonly #directory: TemporaryDirectory;
  readonly #pods = new Map<number, ClusterPod>();
  #volumes = 0;

  private constructor(
    controlPlane: ControlPlane,
    helm: Helm,
    namespace: string,
    directory: TemporaryDirectory,
  ) {
    this.#controlPlane = controlPlane;
    this.#helm = helm;
    this.namespace = namespace;
    this.#directory = directory;
  }

  static async create(controlPlane: ControlPlane, helm: Helm): Promise<ClusterInstallation> {
    const namespace = await controlPlane.newNamespace("owner");
    return new ClusterInstallation(controlPlane, helm, namespace, await temporaryDirectory());
  }

  /** Installs the objects of a release in one of the ways; a profile only with `kasbah install`. */
  async install(way: Way, release: Release, settings: readonly string[], profile = "default"): Promise<void> {
    const flags = [image, ...settings].map((setting) => `--set=${setting}`);
    const where = `--namespace=${this.namespace}`;
    if (way === "kasbah install") {
      const words = flags.flatMap((flag) => ["--set", flag.slice("--set=".length)]);
      const printed = await runCommand(release, "install", where, "--profile", profile, ...words);
      await this.#apply(printed, "--server-side", "--field-manager=kasbah", "--force-conflicts");
    } else if (way === "helm upgrade") {
      const chart = await this.#chartOf(release, flags);
      await this.#helm.run(["upgrade", "--install", "kasbah", chart.path, where, ...chart.flags]);
    } else {
      const chart = await this.#chartOf(release, flags);
      await this.#apply(await this.#helm.run(["template", "kasbah", chart.path, where, ...chart.flags]));
    }
  }

  /** Starts a pod on its volume; `emptyDir` gives it a new one. */
  async start(ordinal: number, { server }: Release, volume = `volume-${ordinal}`): Promise<ClusterPod> {
    await this.stop(ordinal);
    const path = this.#directory.join(volume === "emptyDir" ? `empty-${++this.#volumes}` : volume);
    await mkdir(path, { recursive: true });
    const tokenFile = this.#directory.join("token");
    await writeFile(
      tokenFile,
      await createToken(this.#controlPlane, this.namespace, "kasbah", "--duration=1h"),
    );
    const place = { controlPlane: this.#controlPlane, namespace: this.namespace, tokenFile };
    const pod = await ClusterPod.start({ ...place, ordinal, volume: path, server });
    this.#pods.set(ordinal, pod);
    return pod;
  }

  async stop(ordinal: number): Promise<void> {
    await this.#pods.get(ordinal)?.stop();
    this.#pods.delete(ordinal);
  }

  /** Copies a volume of another installation, so that many tests can begin with one CA. */
  async copyVolume(from: ClusterInstallation, ordinal: number): Promise<void> {
    const name = `volume-${ordinal}`;
    await cp(from.#directory.join(name), this.#directory.join(name), { recursive: true });
  }

  /** The command of this release in a pod. */
  kasbah(pod: ClusterPod, ...args: readonly string[]): Promise<string> {
    return runCommand(currentRelease, ...args, "--state-dir", pod.stateDir);
  }

  /** The flags with which `kasbah authority move` finds the places of a stopped pod. */
  offlineFlags(ordinal: number): readonly string[] {
    const { url, caFile } = this.#controlPlane;
    return [
      ...["--state-dir", this.#directory.join(`volume-${ordinal}`, "state")],
      ...["--state-secret", "kasbah-ca", "--secret-namespace", this.namespace],
      ...["--kubernetes-api", url.href, "--kubernetes-ca-file", caFile],
      ...["--kubernetes-token-file", this.#directory.join("token"), "--allow-address", "127.0.0.1"],
    ];
  }

  async secretKeys(name = "kasbah-ca"): Promise<readonly string[] | undefined> {
    const path = `/api/v1/namespaces/${this.namespace}/secrets/${name}`;
    const { status, body } = await this.#controlPlane.adminRequest<{ data?: object }>("GET", path);
    return status === 404 ? undefined : Object.keys(body.data ?? {});
  }

  /** The roots that a namespace has, and the installation that published them. */
  async published(namespace: string, name = "istio-ca-root-cert") {
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
    const { body } = await this.#controlPlane.adminRequest<PublishedConfigMap>("GET", path);
    const pem = body.data?.["root-cert.pem"];
    return {
      roots: pem === undefined ? [] : parseTrustBundle(pem).roots.map(({ fingerprint }) => fingerprint),
      installation: body.metadata?.annotations?.["kasbah.dev/installation"],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pods.values()].map((pod) => pod.stop()));
    // Otherwise its root would stay the one of a living installation.
    await this.#controlPlane.kubectl(["delete", "namespace", this.namespace, "--timeout=60s"]);
    await this.#directory.remove();
  }

  #apply(objects: string, ...flags: readonly string[]): Promise<string> {
    return this.#controlPlane.kubectl(["apply", ...flags, "--filename=-"], { stdin: objects });
  }

  /** The chart of this release. That of the release before renders the objects of its `kasbah install`. */
  async #chartOf(release: Release, flags: readonly string[]) {
    if (release === currentRelease) return { path: chartPath, flags };
    const path = this.#directory.join("previous-chart");
    await mkdir(`${path}/templates`, { recursive: true });
    await writeFile(`${path}/Chart.yaml`, stringify({ apiVersion: "v2", name: "kasbah", version: "0.0.1" }));
    const argv = flags.flatMap((flag) => ["--set", flag.slice("--set=".length)]);
    const printed = await runCommand(release, "install", "--namespace", this.namespace, ...argv);
    const objects = printed.split(/^---\n/m).filter((object) => !/^kind: Namespace$/m.test(object));
    const ofHelm = objects
      .join("---\n")
      .replaceAll("app.kubernetes.io/managed-by: kasbah", "app.kubernetes.io/managed-by: Helm");
    await writeFile(`${path}/templates/all.yaml`, ofHelm);
    return { path, flags: [] };
  }
}

/** Runs a program that may die; returns whether it ended well. */
export async function endsWell(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  return promisify(execFile)(file, args, { env }).then(
    () => true,
    () => false,
  );
}
