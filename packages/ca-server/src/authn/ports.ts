import type { WorkloadName } from "@kasbah/pki";

/** A pod as the Kubernetes API reports it. */
export interface RunningPod {
  readonly uid: string;
  readonly serviceAccount: string;
  /** Empty until the pod is scheduled. */
  readonly node: string;
}

/** Looks pods up. Its answers may be some seconds old. */
export interface PodSource {
  /** @throws CaError `AUTHENTICATOR_UNAVAILABLE` if pods cannot be looked up now. */
  find(namespace: string, name: string): Promise<RunningPod | undefined>;
  /** Whether a pod of this service account runs on the node. @throws CaError `AUTHENTICATOR_UNAVAILABLE` */
  runsOn(node: string, workload: WorkloadName): Promise<boolean>;
}

/** Remembers the pods of this cluster that were deleted. */
export interface DeletedPods {
  isGone(namespace: string, uid: string): boolean;
  /** Whether a pod with this tag exists. */
  isTagKnown(tag: string): boolean;
  /**
   * Whether the pod with this tag was deleted, even before the CA started. A token has proven at `seenAt` that it
   * existed, so a pod that the CA has not heard of since is missing only if it has had the time to.
   */
  isTagGone(tag: string, seenAt: Date): boolean;
}

/** The status of a TokenReview (authentication.k8s.io/v1). */
export interface TokenReviewStatus {
  readonly authenticated: boolean;
  readonly audiences: readonly string[];
  readonly error: string;
  /** Whether the API server rejected the token because its pod, node, Secret or service account was deleted. */
  readonly isInvalidated?: boolean;
  readonly user: {
    readonly username: string;
    readonly groups: readonly string[];
    readonly extra: Readonly<Record<string, readonly string[]>>;
  };
}

/** Reviews a token for these audiences. @throws ReviewUnavailable */
export type ReviewToken = (token: string, audiences: readonly string[]) => Promise<TokenReviewStatus>;

/** The part of the Kubernetes API that judges tokens. */
export interface TokenApi {
  readonly reviewToken: ReviewToken;
  /** Reads the JWK Set of the keys that sign the cluster's tokens, or rejects. */
  readonly readKeys: () => Promise<string>;
}

/** The API server did not review the token: it is unreachable or overloaded, or it denies the CA access. */
export class ReviewUnavailable extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number | undefined } = {}) {
    super(message, { cause: options.cause });
    this.name = "ReviewUnavailable";
    this.retryAfterMs = options.retryAfterMs;
  }
}
