import { hash } from "node:crypto";
import type { DeletedPods } from "./ports.ts";

export interface PodMarksDeps {
  /** The UID of the CA's own service account, which no other cluster has; undefined outside Kubernetes. */
  readonly accountUid: string | undefined;
  /** The issuer of the cluster's tokens, if it is known. */
  readonly issuer?: string | undefined;
  /** Undefined if the CA does not watch pods. */
  readonly pods: Pick<DeletedPods, "isTagGone" | "isTagKnown"> | undefined;
}

const clusterDigits = 6;
const tagDigits = 10;

/** A short name for a pod, so that a certificate does not show its UID to every peer. */
export function podTag(uid: string): string {
  return digest(uid).slice(0, tagDigits);
}

/**
 * Marks name the pod that obtained a certificate, and its cluster. They are part of the serial, so every replica can
 * tell after every restart whether the pod still exists, and no CA mistakes the pod of another cluster for a deleted one.
 */
export class PodMarks {
  readonly #cluster: string | undefined;
  readonly #issuer: string | undefined;
  readonly #pods: PodMarksDeps["pods"];

  constructor({ accountUid, issuer, pods }: PodMarksDeps) {
    this.#issuer = issuer;
    this.#cluster = accountUid === undefined ? undefined : digest(accountUid).slice(0, clusterDigits);
    this.#pods = pods;
  }

  /** Undefined if the CA cannot tell its cluster from others. */
  markOf(podUid: string): string | undefined {
    return this.#markOfTag(podTag(podUid));
  }

  /** The mark of a pod that the CA sees, for tokens whose issuer could be that of another cluster. */
  markOfSeen(podUid: string): string | undefined {
    const tag = podTag(podUid);
    return this.#pods?.isTagKnown(tag) ? this.#markOfTag(tag) : undefined;
  }

  /** The issuer of the token that obtained a certificate with this mark. */
  issuerOf(mark: string | undefined): string | undefined {
    return this.#isOurs(mark) ? this.#issuer : undefined;
  }

  /** Whether the pod of a certificate was deleted, if a token proved its name at that time. */
  isGone(mark: string | undefined, tokenProvenAt: Date): boolean {
    if (!this.#isOurs(mark)) return false;
    return this.#pods?.isTagGone(mark.slice(clusterDigits), tokenProvenAt) ?? false;
  }

  #markOfTag(tag: string): string | undefined {
    return this.#cluster === undefined ? undefined : `${this.#cluster}${tag}`;
  }

  #isOurs(mark: string | undefined): mark is string {
    return mark !== undefined && mark.slice(0, clusterDigits) === this.#cluster;
  }
}

function digest(text: string): string {
  return hash("sha256", text);
}
