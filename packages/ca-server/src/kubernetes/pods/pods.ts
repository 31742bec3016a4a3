import type { WorkloadName } from "@kasbah/pki";
import { atMost, type Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import type { PodSource, RunningPod } from "../../authn/ports.ts";
import { CaError } from "../../errors.ts";
import { readAnswer } from "../api/api-answer.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { objectPages } from "../api/object-pages.ts";
import { type KnownPod, knownPodSchema } from "./pod-index.ts";

export interface KubernetesPodsDeps {
  readonly client: Pick<KubernetesClient, "get">;
  readonly clock: Clock;
}

interface NodePods {
  readonly workloads: Promise<ReadonlySet<string>>;
  readonly untilMs: number;
}

/** Requests for a pod that has just started may be refused once; its proxy retries. */
const nodeListForMs = 2_000;
const maxNodes = 5_000;
const podName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const podsPerPage = 100;

/** Looks up pods in the Kubernetes API, and lists the pods of a node at most once in two seconds. */
export class KubernetesPods implements PodSource {
  readonly #deps: KubernetesPodsDeps;
  readonly #nodes = new LRUCache<string, NodePods>(atMost(maxNodes));

  constructor(deps: KubernetesPodsDeps) {
    this.#deps = deps;
  }

  async find(namespace: string, name: string): Promise<RunningPod | undefined> {
    // Any other name could select another path of the API.
    if (!podName.test(name)) return undefined;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const pod = await orUnavailable(() => this.#look(path));
    return pod && { uid: pod.uid, serviceAccount: pod.serviceAccount, node: pod.node };
  }

  async runsOn(node: string, workload: WorkloadName): Promise<boolean> {
    const workloads = await this.#workloadsOn(node);
    return workloads.has(`${workload.namespace}/${workload.serviceAccount}`);
  }

  /** Stores the promise of the listing immediately, so that concurrent callers share one request. */
  #workloadsOn(node: string): Promise<ReadonlySet<string>> {
    const nowMs = this.#deps.clock.monotonicMs();
    const known = this.#nodes.get(node);
    if (known !== undefined && nowMs < known.untilMs) return known.workloads;
    const listing = { workloads: orUnavailable(() => this.#list(node)), untilMs: nowMs + nodeListForMs };
    this.#nodes.set(node, listing);
    listing.workloads.catch(() => {
      if (this.#nodes.peek(node) === listing) this.#nodes.delete(node);
    });
    return listing.workloads;
  }

  async #list(node: string): Promise<ReadonlySet<string>> {
    const fieldSelector = `spec.nodeName=${node},status.phase!=Failed,status.phase!=Succeeded`;
    const list = { path: "/api/v1/pods", kind: "Pod", fieldSelector };
    const workloads = new Set<string>();
    for await (const { items } of objectPages(this.#deps.client, list, podsPerPage)) {
      for (const { namespace, serviceAccount } of items.map((item) => knownPodSchema.parse(item)))
        workloads.add(`${namespace}/${serviceAccount}`);
    }
    return workloads;
  }

  /** Returns undefined for 404. */
  async #look(path: string): Promise<KnownPod | undefined> {
    const reply = await this.#deps.client.get(path);
    return reply.status === 404 ? undefined : knownPodSchema.parse(readAnswer(reply, "a pod"));
  }
}

/** If the API server does not answer, the result is unknown. @throws CaError `AUTHENTICATOR_UNAVAILABLE` */
async function orUnavailable<T>(look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (cause) {
    const problem = "cannot look up pods in the Kubernetes API";
    throw new CaError("AUTHENTICATOR_UNAVAILABLE", problem, { cause });
  }
}
