import type { WorkloadName } from "@kasbah/pki";
import { atMost } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { podTag } from "../../authn/pod-marks.ts";

/** Identifies a pod, past or present. */
export type PodId = Pick<KnownPod, "namespace" | "uid">;

/** The stored properties of a pod. */
export interface KnownPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly serviceAccount: string;
  /** Empty until the pod is scheduled. */
  readonly node: string;
  readonly phase: string;
}

export const knownPodSchema = z
  .object({
    metadata: z.object({ namespace: z.string().min(1), name: z.string().min(1), uid: z.string().min(1) }),
    spec: z.object({ serviceAccountName: z.string().default("default"), nodeName: z.string().default("") }),
    status: z.object({ phase: z.string().default("") }).prefault({}),
  })
  .transform(
    ({ metadata, spec, status }): KnownPod => ({
      ...metadata,
      serviceAccount: spec.serviceAccountName,
      node: spec.nodeName,
      phase: status.phase,
    }),
  );

/** More pods than disappear while a TokenReview result is cached, even if whole nodes are drained. */
const maxGone = 50_000;
const ended: ReadonlySet<string> = new Set(["Failed", "Succeeded"]);

/**
 * Looks up which workload runs on which node, and which pods were seen to disappear, without iterating over
 * all pods.
 */
export class PodIndex {
  readonly #pods = new Map<string, KnownPod>();
  readonly #gone = new LRUCache<string, true>(atMost(maxGone));
  /** The number of pods with a tag: nearly always one. */
  readonly #tags = new Map<string, number>();
  readonly #goneTags = new LRUCache<string, true>(atMost(maxGone));
  /** The number of a workload's running pods on a node. */
  readonly #running = new Map<string, number>();

  change(key: string, pod: KnownPod | undefined): void {
    const before = this.#pods.get(key);
    if (before !== undefined) this.#forget(key, before);
    if (before !== undefined && before.uid !== pod?.uid) this.#drop(before);
    if (pod !== undefined) this.#remember(key, pod);
    if (pod !== undefined && before?.uid !== pod.uid) this.#countTag(podTag(pod.uid), 1);
  }

  runsOn(node: string, workload: WorkloadName): boolean {
    return this.#running.has(placeOf(node, workload));
  }

  /** Whether the pod was seen to disappear. */
  isGone(pod: PodId): boolean {
    return this.#gone.has(idOf(pod));
  }

  /** Whether a pod with this tag exists, or was seen to disappear; undefined if neither is known. */
  tagState(tag: string): "exists" | "gone" | undefined {
    if (this.#tags.has(tag)) return "exists";
    return this.#goneTags.has(tag) ? "gone" : undefined;
  }

  #drop(pod: KnownPod): void {
    const tag = podTag(pod.uid);
    this.#gone.set(idOf(pod), true);
    this.#goneTags.set(tag, true);
    this.#countTag(tag, -1);
  }

  #countTag(tag: string, by: number): void {
    const count = (this.#tags.get(tag) ?? 0) + by;
    if (count > 0) this.#tags.set(tag, count);
    else this.#tags.delete(tag);
  }

  #remember(key: string, pod: KnownPod): void {
    this.#pods.set(key, pod);
    // An API server that was restored to an older state can bring pods back.
    this.#gone.delete(idOf(pod));
    if (isRunning(pod)) this.#count(placeOf(pod.node, pod), 1);
  }

  #forget(key: string, pod: KnownPod): void {
    this.#pods.delete(key);
    if (isRunning(pod)) this.#count(placeOf(pod.node, pod), -1);
  }

  #count(place: string, by: number): void {
    const count = (this.#running.get(place) ?? 0) + by;
    if (count > 0) this.#running.set(place, count);
    else this.#running.delete(place);
  }
}

const isRunning = ({ node, phase }: KnownPod) => node !== "" && !ended.has(phase);

const idOf = ({ namespace, uid }: PodId) => `${namespace}/${uid}`;

/** None of the three can contain a slash. */
function placeOf(node: string, { namespace, serviceAccount }: WorkloadName): string {
  return `${node}/${namespace}/${serviceAccount}`;
}
