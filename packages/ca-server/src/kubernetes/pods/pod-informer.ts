import type { WorkloadName } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { DeletedPods, PodSource, RunningPod } from "../../authn/ports.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { Reflector } from "../watch/reflector.ts";
import { type KnownPod, knownPodSchema, PodIndex } from "./pod-index.ts";

export interface PodInformerDeps {
  readonly client: Pick<KubernetesClient, "get" | "watch">;
  /** Asked of what the informer does not know: all, until it has read all pods and while it cannot follow them. */
  readonly direct: PodSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A random number in [0, 1). */
  readonly roll: () => number;
}

/** Knows the pods of the cluster, some milliseconds late, without a question to the API server for each caller. */
export class PodInformer implements PodSource, DeletedPods, Component {
  readonly name = "pods";
  readonly #deps: PodInformerDeps;
  readonly #pods: Reflector<KnownPod>;
  readonly #index = new PodIndex();

  constructor(deps: PodInformerDeps) {
    this.#deps = deps;
    this.#pods = new Reflector({
      ...deps,
      ...{ name: this.name, path: "/api/v1/pods", kind: "Pod", schema: knownPodSchema },
      onChange: (key, pod) => this.#index.change(key, pod),
    });
  }

  /** Whether it follows the cluster now. */
  get isHealthy(): boolean {
    return this.#pods.isSynced && this.#pods.lastError === undefined;
  }

  get lastError(): Error | undefined {
    return this.#pods.lastError;
  }

  /** How many pods and events could not be read. */
  get skipped(): number {
    return this.#pods.skipped;
  }

  /** How many pods are known. */
  get size(): number {
    return this.#pods.current.size;
  }

  start(): Promise<void> {
    return this.#pods.start();
  }

  stop(): Promise<void> {
    return this.#pods.stop();
  }

  /** A pod that is not known, or was not scheduled when it was last seen, is asked for: its events may be on their way. */
  async find(namespace: string, name: string): Promise<RunningPod | undefined> {
    const pod = this.isHealthy ? this.#pods.current.get(`${namespace}/${name}`) : undefined;
    if (pod === undefined || pod.node === "") return this.#deps.direct.find(namespace, name);
    return { uid: pod.uid, serviceAccount: pod.serviceAccount, node: pod.node };
  }

  async runsOn(node: string, workload: WorkloadName): Promise<boolean> {
    if (!this.isHealthy) return this.#deps.direct.runsOn(node, workload);
    return this.#index.runsOn(node, workload);
  }

  isGone(namespace: string, uid: string): boolean {
    return this.#index.isGone({ namespace, uid });
  }
}
