import type { StartObstacle } from "@kasbah/ca-server/state";
import type { AuthorityStatusMessage, OverviewMessage } from "@kasbah/protocol";
import type { StatusSource } from "./report.ts";

/** What is known about a CA; {@link assess} judges it. */
export interface StatusFacts {
  readonly source: StatusSource;
  /** One for a CA on this machine. */
  readonly replicas: readonly ReplicaFacts[];
}

/** The answers of one replica, or of the state directory of a stopped CA. */
export interface ReplicaFacts {
  /** The name of its pod; "" on this machine. */
  readonly replica: string;
  /** Absent if the CA is stopped, does not answer, or has an earlier release. */
  readonly overview?: OverviewMessage;
  readonly authorities?: AuthorityStatusMessage;
  /** The newest refusal of each code. */
  readonly refusals?: readonly RefusalSample[];
  /** Whether Kubernetes considers its pod ready; absent on this machine. */
  readonly isPodReady?: boolean;
  /** Why the replica does not answer. */
  readonly failure?: string;
  /** Why the CA does not run; present only if the answers come from its state directory. */
  readonly stopped?: StoppedFacts;
  /** What could not be read, each with the reason. */
  readonly missing: readonly string[];
}

export interface RefusalSample {
  readonly time: Date;
  readonly code: string;
  readonly reference: string;
  /** The SPIFFE ID of an authenticated caller, else the address. */
  readonly caller: string;
  /** All callers that were refused with this code, as far as they were read. */
  readonly callers: readonly string[];
  readonly problem: string;
  readonly fix: string;
}

interface StoppedFacts {
  /** What keeps the CA from starting, the first obstacle first. */
  readonly obstacles: readonly StartObstacle[];
}
