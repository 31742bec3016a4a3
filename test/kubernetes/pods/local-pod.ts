import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LoggedProcess } from "../../harness/logged-process.ts";
import type { ControlPlane } from "../control-plane.ts";
import { createToken } from "../workloads.ts";

/** The fields of a pod that {@link LocalPod} reads. */
export interface PodObject {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes: readonly Volume[];
  };
}

interface Container {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly startupProbe?: { readonly exec: { readonly command: readonly string[] } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly projected?: { readonly sources: readonly ProjectedSource[] };
}

interface ProjectedSource {
  readonly serviceAccountToken?: { readonly audience: string; readonly path: string };
}

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** Changes a file of a ConfigMap for this machine, where pods have no network of their own. */
export type Localize = (text: string) => string;

/**
 * Runs the containers of a pod as processes of this machine. Their volumes are filled as a kubelet fills them,
 * in a directory that stands for the root directory of the containers.
 */
export class LocalPod {
  readonly pod: PodObject;
  readonly root: string;
  readonly #controlPlane: ControlPlane;

  constructor(controlPlane: ControlPlane, pod: PodObject, root: string) {
    this.#controlPlane = controlPlane;
    this.pod = pod;
    this.root = root;
  }

  container(name: string): Container {
    const { initContainers, containers } = this.pod.spec;
    const found = [...initContainers, ...containers].find((each) => each.name === name);
    if (found === undefined) throw new Error(`pod ${this.pod.metadata.name} has no container ${name}`);
    return found;
  }

  /** Fills every volume at the path where the containers mount it. */
  async mount(localize: Localize): Promise<void> {
    const { initContainers, containers, volumes } = this.pod.spec;
    for (const { name, mountPath } of [...initContainers, ...containers].flatMap(mountsOf)) {
      const volume = volumes.find((each) => each.name === name);
      const directory = join(this.root, mountPath);
      await mkdir(directory, { recursive: true });
      if (volume !== undefined) await this.#fill(directory, volume, localize);
    }
  }

  /** Starts a program with the environment of a container, in the root directory of the pod. */
  start(name: string, command: readonly string[], env: Readonly<Record<string, string>> = {}): LoggedProcess {
    const own = Object.fromEntries((this.container(name).env ?? []).map((each) => [each.name, each.value]));
    return new LoggedProcess({
      title: name,
      command: inDirectory(this.root, command),
      env: { ...own, ...env },
    });
  }

  async #fill(directory: string, volume: Volume, localize: Localize): Promise<void> {
    const { name, namespace } = this.pod.metadata;
    for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
      if (serviceAccountToken === undefined) continue;
      const { audience, path } = serviceAccountToken;
      const bound = ["--bound-object-kind=Pod", `--bound-object-name=${name}`, `--audience=${audience}`];
      const account = this.pod.spec.serviceAccountName;
      await writeFile(
        join(directory, path),
        await createToken(this.#controlPlane, namespace, account, ...bound),
      );
    }
    if (volume.configMap === undefined) return;
    const path = `/api/v1/namespaces/${namespace}/configmaps/${volume.configMap.name}`;
    const { body } = await this.#controlPlane.adminRequest<ConfigMap>("GET", path);
    for (const [file, text] of Object.entries(body.data ?? {}))
      await writeFile(join(directory, file), localize(text));
  }
}

function mountsOf({ volumeMounts = [] }: Container) {
  return volumeMounts.filter(({ mountPath }) => !mountPath.includes("kubernetes.io"));
}

function inDirectory(directory: string, command: readonly string[]): readonly string[] {
  return ["/bin/sh", "-c", 'cd "$0" && exec "$@"', directory, ...command];
}
