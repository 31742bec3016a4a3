import { execFileSync } from "node:child_process";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TemporaryDirectory } from "@kasbah/testkit";
import type { ControlPlane } from "../control-plane.ts";
import type { ExecNode } from "../exec-node.ts";
import { createToken } from "../workloads.ts";
import { type PodContainer, type PodPlace, PodProcess } from "./pod-process.ts";

/** The fields of a pod that a kubelet reads. */
interface ScheduledPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: {
    readonly nodeName?: string;
    readonly serviceAccountName?: string;
    readonly initContainers?: readonly (PodContainer & { readonly restartPolicy?: string })[];
    readonly containers: readonly PodContainer[];
    readonly volumes?: readonly { readonly persistentVolumeClaim?: { readonly claimName: string } }[];
  };
}

interface Claim {
  readonly metadata: { readonly uid: string };
  readonly spec: {
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly accessModes: readonly string[];
    readonly resources: { readonly requests: Readonly<Record<string, string>> };
  };
}

interface RunningPod {
  readonly processes: readonly PodProcess[];
  readonly stopped: AbortController;
}

interface RunningContainers {
  readonly address: string;
  /** The containers that are no sidecars. */
  readonly names: readonly string[];
  readonly processes: readonly PodProcess[];
}

const lookEveryMs = 300;

/** Schedules every pod to one node, and runs the containers that are our programs as processes with the pod's address. */
export class Kubelet {
  readonly #controlPlane: ControlPlane;
  readonly #node: ExecNode;
  readonly #nodeName: string;
  readonly #directory: TemporaryDirectory;
  readonly #pods = new Map<string, RunningPod>();
  readonly #turns = new Map<string, Promise<void>>();
  readonly #addresses = new Map<string, string>();
  #isStopped = false;

  constructor(controlPlane: ControlPlane, node: ExecNode, nodeName: string, directory: TemporaryDirectory) {
    this.#controlPlane = controlPlane;
    this.#node = node;
    this.#nodeName = nodeName;
    this.#directory = directory;
  }

  start(): void {
    void this.#follow();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#pods.values()].map((pod) => this.#stopPod(pod)));
  }

  /** The API server ends a watch after a while. */
  async #follow(): Promise<void> {
    while (!this.#isStopped) {
      try {
        for await (const { type, object } of this.#controlPlane.watch<ScheduledPod>(
          "/api/v1/pods?watch=true",
        )) {
          if (this.#isStopped) return;
          const { uid } = object.metadata;
          if (type === "ADDED" || type === "MODIFIED") this.#inTurn(uid, () => this.#look(object));
          if (type === "DELETED") this.#inTurn(uid, () => this.#end(uid));
        }
      } catch (error) {
        if (!this.#isStopped) report(error);
      }
      await sleep(lookEveryMs);
    }
  }

  /** What happens to one pod happens in order: a pod that is deleted while it starts must stop afterwards. */
  #inTurn(uid: string, act: () => Promise<void>): void {
    const before = this.#turns.get(uid) ?? Promise.resolve();
    this.#turns.set(uid, before.then(act).catch(report));
  }

  async #look(pod: ScheduledPod): Promise<void> {
    const { uid, deletionTimestamp, name, namespace } = pod.metadata;
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (deletionTimestamp !== undefined) {
      await this.#end(uid);
      await this.#controlPlane.adminRequest("DELETE", `${path}?gracePeriodSeconds=0`);
    } else if (pod.spec.nodeName === undefined) {
      const target = { apiVersion: "v1", kind: "Node", name: this.#nodeName };
      await this.#controlPlane.adminRequest("POST", `${path}/binding`, { metadata: { name }, target });
    } else if (!this.#pods.has(uid)) await this.#run(pod, path);
  }

  async #run(pod: ScheduledPod, path: string): Promise<void> {
    const { name, namespace, uid } = pod.metadata;
    const stopped = new AbortController();
    const processes: PodProcess[] = [];
    this.#pods.set(uid, { processes, stopped });
    const address = await this.#addressOf(namespace, name);
    const volume = this.#directory.join("volumes", await this.#volumeOf(pod));
    for (const container of longRunning(pod)) {
      const process = await this.#startContainer(pod, container, { namespace, name, address, volume });
      processes.push(process);
    }
    const names = pod.spec.containers.map(({ name: each }) => each);
    void this.#reportStatus(path, { address, names, processes }, stopped.signal).catch(report);
  }

  /** Starts a container as its program finds itself in a pod: with a token, the root, a volume and an address. */
  async #startContainer(
    { metadata: { uid }, spec }: ScheduledPod,
    container: PodContainer,
    pod: Omit<PodPlace, "tokenFile" | "controlPlane">,
  ): Promise<PodProcess> {
    const { namespace, name, volume } = pod;
    const isAgent = container.name === "kasbah-agent";
    const tokenFile = this.#directory.join("tokens", uid, container.name);
    for (const folder of [dirname(tokenFile), volume]) await mkdir(folder, { recursive: true });
    const bound = ["--bound-object-kind=Pod", `--bound-object-name=${name}`, `--bound-object-uid=${uid}`];
    const flags = isAgent ? ["--audience=istio-ca", ...bound] : bound;
    const account = spec.serviceAccountName ?? "default";
    await writeFile(tokenFile, await createToken(this.#controlPlane, namespace, account, ...flags));
    if (isAgent) await writeFile(`${volume}/root-cert.pem`, await this.#rootOf(namespace));
    const place = { ...pod, tokenFile, controlPlane: this.#controlPlane };
    const process = new PodProcess(container, place, this.#directory);
    await this.#node.addContainer({ namespace, pod: name, container: container.name, ...process.inside });
    await process.start();
    return process;
  }

  /** Reports readiness as it changes, as the probes of a kubelet do. */
  async #reportStatus(
    path: string,
    { address, names, processes }: RunningContainers,
    stopped: AbortSignal,
  ): Promise<void> {
    let reported: string | undefined;
    while (!stopped.aborted) {
      const all = await Promise.all(processes.map((each) => each.status()));
      const containerStatuses = all.filter(({ name }) => names.includes(name));
      const isReady = all.every(({ ready }) => ready) ? "True" : "False";
      const conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"].map((type, index) => ({
        type,
        status: index < 2 ? "True" : isReady,
      }));
      const status = {
        phase: "Running",
        podIP: address,
        podIPs: [{ ip: address }],
        conditions,
        containerStatuses,
      };
      const text = JSON.stringify(status);
      if (text !== reported) await this.#controlPlane.adminRequest("PATCH", `${path}/status`, { status });
      reported = text;
      await sleep(lookEveryMs);
    }
  }

  /** The root that the CA publishes, which a pod mounts; its kubelet waits for the ConfigMap. */
  async #rootOf(namespace: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
    while (!this.#isStopped) {
      const { body } = await this.#controlPlane.adminRequest<{ data?: Record<string, string> }>("GET", path);
      const pem = body.data?.["root-cert.pem"];
      if (pem !== undefined) return pem;
      await sleep(lookEveryMs);
    }
    return "";
  }

  /** A pod that replaces another of its name gets its address, so that names resolve without a DNS server. */
  async #addressOf(namespace: string, name: string): Promise<string> {
    const key = `${namespace}/${name}`;
    const known = this.#addresses.get(key);
    if (known !== undefined) return known;
    const address = `10.244.0.${this.#addresses.size + 2}`;
    this.#addresses.set(key, address);
    execFileSync("ip", ["address", "add", `${address}/32`, "dev", "lo"]);
    if (name === "kasbah-0") await appendFile("/etc/hosts", `${address} kasbah.${namespace}.svc\n`);
    return address;
  }

  /** A volume lives as long as its claim, which is bound at once. */
  async #volumeOf({ metadata: { namespace, uid }, spec }: ScheduledPod): Promise<string> {
    const claim = spec.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim !== undefined);
    const claimName = claim?.persistentVolumeClaim?.claimName;
    if (claimName === undefined) return uid;
    const path = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/${claimName}`;
    const { body } = await this.#controlPlane.adminRequest<Claim>("GET", path);
    if (body.spec.volumeName === undefined) await this.#bind(path, body);
    return body.metadata.uid;
  }

  async #bind(path: string, { metadata, spec }: Claim): Promise<void> {
    const volumeName = `pvc-${metadata.uid}`;
    const capacity = spec.resources.requests;
    const { storageClassName, accessModes } = spec;
    await this.#controlPlane.adminRequest("POST", "/api/v1/persistentvolumes", {
      metadata: { name: volumeName },
      spec: { capacity, accessModes, storageClassName, hostPath: { path: "/volumes" } },
    });
    await this.#controlPlane.adminRequest("PATCH", path, { spec: { volumeName } });
    const status = { phase: "Bound", capacity, accessModes };
    await this.#controlPlane.adminRequest("PATCH", `${path}/status`, { status });
  }

  async #end(uid: string): Promise<void> {
    const pod = this.#pods.get(uid);
    if (pod === undefined) return;
    await this.#stopPod(pod);
    this.#pods.delete(uid);
  }

  async #stopPod({ processes, stopped }: RunningPod): Promise<void> {
    stopped.abort();
    await Promise.all(processes.map((process) => process.stop()));
  }
}

/** The containers of a pod, and its sidecars. Other init containers have nothing to do here. */
function longRunning({ spec: { initContainers = [], containers } }: ScheduledPod): readonly PodContainer[] {
  return [...initContainers.filter(({ restartPolicy }) => restartPolicy === "Always"), ...containers];
}

function report(error: unknown): void {
  process.stderr.write(`kubelet: ${error}\n`);
}
