import type { WorkloadName } from "@kasbah/pki";
import { type Clock, type Component, delay, type Logger } from "@kasbah/runtime";
import type { DeletedPods, PodSource, RunningPod } from "../../authn/ports.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { Reflector } from "../watch/reflector.ts";
import { type KnownPod, knownPodSchema, PodIndex } from "./pod-index.ts";

export interface PodInformerDeps {
  readonly client: Pick<KubernetesClient, "get" | "watch">;
  /** Queried about everything until the informer has read all pods, and while its watch fails. */
  readonly direct: PodSource;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A random number in [0, 1). */
  readonly roll: () => number;
}

/** A certificate records the time of its token only to five minutes, by the clock of any replica. */
const seenWithinMs = 360_000;
/** The events of a pod arrive long before this, since a silent watch ends after 90 s. */
const settledMs = 900_000;
const firstListMs = 10_000;

/**
 * Keeps an index of the cluster's pods, a few milliseconds late, so that a caller costs no request to the API
 * server.
 */
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

  /** Whether its watch of the cluster works. */
  get isHealthy(): boolean {
    return this.#pods.isSynced && this.#pods.lastError === undefined;
  }

  get lastError(): Error | undefined {
    return this.#pods.lastError;
  }

  /** The number of unreadable pods and events. */
  get skipped(): number {
    return this.#pods.skipped;
  }

  /** The number of pods in the index. */
  get size(): number {
    return this.#pods.current.size;
  }

  /** Waits a while for the first list, so that a CA that has just started knows which pods no longer exist. */
  async start(): Promise<void> {
    const { clock } = this.#deps;
    const waiting = new AbortController();
    await this.#pods.start();
    await Promise.race([this.#pods.firstOutcome, delay(clock, firstListMs, waiting.signal)]);
    waiting.abort();
  }

  stop(): Promise<void> {
    return this.#pods.stop();
  }

  /**
   * Queries the API server about a pod that is unknown or was not scheduled when last seen, because its
   * events may be in flight.
   */
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

  isTagKnown(tag: string): boolean {
    return this.#index.tagState(tag) === "exists";
  }

  /** While the watch fails, or if a pod could not be read, only pods that were seen to disappear are gone. */
  isTagGone(tag: string, seenAt: Date): boolean {
    const state = this.#index.tagState(tag);
    if (state !== undefined) return state === "gone";
    if (!this.isHealthy || this.skipped > 0) return false;
    const seenMs = seenAt.getTime();
    const listedMs = this.#pods.listedAt?.getTime() ?? 0;
    return listedMs - seenMs > seenWithinMs || this.#deps.clock.now().getTime() - seenMs > settledMs;
  }
}
