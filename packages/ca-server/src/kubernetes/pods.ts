import type { WorkloadName } from "@kasbah/pki";
import type { Clock } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { PodSource, RunningPod } from "../authn/node-impersonation.ts";
import { CaError } from "../errors.ts";
import type { KubernetesClient } from "./api-client.ts";

export interface KubernetesPodsParts {
  readonly client: Pick<KubernetesClient, "get">;
  readonly clock: Clock;
}

interface NodePods {
  readonly workloads: Promise<ReadonlySet<string>>;
  readonly untilMs: number;
}

const podSchema = z.object({
  metadata: z.object({ uid: z.string(), namespace: z.string(), name: z.string() }),
  spec: z.object({ serviceAccountName: z.string().default("default"), nodeName: z.string().default("") }),
});
const podListSchema = z.object({
  items: z.array(podSchema),
  metadata: z.object({ continue: z.string().default("") }).prefault({}),
});

/** A pod that has just started may be refused once, and its proxy tries again. */
const nodeListForMs = 2_000;
const maxNodes = 5_000;
const podName = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;
const podsPerPage = 100;
/** Ten times what a kubelet takes. */
const maxPages = 12;

/** Looks pods up in the Kubernetes API; what runs on a node is asked once in two seconds. */
export class KubernetesPods implements PodSource {
  readonly #parts: KubernetesPodsParts;
  readonly #nodes = new LRUCache<string, NodePods>({ max: maxNodes });

  constructor(parts: KubernetesPodsParts) {
    this.#parts = parts;
  }

  async find(namespace: string, name: string): Promise<RunningPod | undefined> {
    // Whatever else it were, it would be another path of the API.
    if (!podName.test(name)) return undefined;
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
    const body = await this.#get(path);
    if (body === undefined) return undefined;
    const { metadata, spec } = read(podSchema, body);
    return { uid: metadata.uid, serviceAccount: spec.serviceAccountName, node: spec.nodeName };
  }

  async runsOn(node: string, workload: WorkloadName): Promise<boolean> {
    const workloads = await this.#workloadsOn(node);
    return workloads.has(`${workload.namespace}/${workload.serviceAccount}`);
  }

  /** The listing is kept before it is there, so that all who ask at one time share it. */
  #workloadsOn(node: string): Promise<ReadonlySet<string>> {
    const nowMs = this.#parts.clock.monotonicMs();
    const known = this.#nodes.get(node);
    if (known !== undefined && nowMs < known.untilMs) return known.workloads;
    const listing = { workloads: this.#list(node), untilMs: nowMs + nodeListForMs };
    this.#nodes.set(node, listing);
    listing.workloads.catch(() => {
      if (this.#nodes.peek(node) === listing) this.#nodes.delete(node);
    });
    return listing.workloads;
  }

  async #list(node: string): Promise<ReadonlySet<string>> {
    const workloads = new Set<string>();
    let next = "";
    for (let page = 0; page < maxPages; page += 1) {
      const { items, metadata } = read(podListSchema, await this.#get(listPath(node, next)));
      for (const { metadata: pod, spec } of items)
        workloads.add(`${pod.namespace}/${spec.serviceAccountName}`);
      next = metadata.continue;
      if (next === "") break;
    }
    return workloads;
  }

  /** Undefined for 404. */
  async #get(path: string): Promise<unknown> {
    try {
      const { status, body } = await this.#parts.client.get(path);
      if (status === 404) return undefined;
      if (status === 200) return JSON.parse(body);
      throw new Error(`the API server answered ${status}`);
    } catch (cause) {
      throw unavailable(cause);
    }
  }
}

function listPath(node: string, next: string): string {
  const fieldSelector = `spec.nodeName=${node},status.phase!=Failed,status.phase!=Succeeded`;
  const query = new URLSearchParams({ fieldSelector, limit: String(podsPerPage) });
  if (next !== "") query.set("continue", next);
  return `/api/v1/pods?${query}`;
}

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw unavailable(result.error);
}

function unavailable(cause: unknown): CaError {
  return new CaError("AUTHENTICATOR_UNAVAILABLE", "pods cannot be looked up in the Kubernetes API now", {
    cause,
  });
}
