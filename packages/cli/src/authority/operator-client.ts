import type {
  AuthorityStatusMessage,
  DecisionMessage,
  DistrustPreviewMessage,
  IdentityExplanationMessage,
  MovedStateMessage,
  NewRequestMessage,
  SignedChainMessage,
  StateHome,
} from "@kasbah/protocol";
import type { Replicated } from "./replicated.ts";

/**
 * The operations that an operator can request: from the CA on this machine through its socket
 * (`AdminClient`), or from the replicas in a cluster through kubectl (`RemoteCa`).
 */
export interface OperatorClient {
  /** Interval between two queries of a rotation in progress. */
  readonly everyMs: number;
  status(): Promise<Replicated<AuthorityStatusMessage>>;
  rotate(kind: "root" | "intermediate"): Promise<AuthorityStatusMessage>;
  recall(id: string): Promise<AuthorityStatusMessage>;
  /** Lets a rotation of the root go on although clients have not shown that they hold the new root. */
  continueRotation(): Promise<AuthorityStatusMessage>;
  /** Creates a key for an intermediate that the company's PKI signs. */
  createRequest(): Promise<NewRequestMessage>;
  /** Begins a rotation to the signed certificate of such a key. */
  adoptChain(signed: SignedChainMessage): Promise<AuthorityStatusMessage>;
  pause(): Promise<AuthorityStatusMessage>;
  resume(): Promise<AuthorityStatusMessage>;
  abort(options: { readonly ifEpoch?: number }): Promise<AuthorityStatusMessage>;
  /** Moves the keys and the state of the CA. */
  moveState(to: StateHome): Promise<MovedStateMessage>;
  /** What {@link distrust} would do. */
  previewDistrust(id: string): Promise<DistrustPreviewMessage>;
  distrust(id: string): Promise<AuthorityStatusMessage>;
  /** The decision about one call, and the replica that made it. */
  explainCall(referenceId: string): Promise<DecisionMessage & { readonly replica?: string }>;
  explainIdentity(spiffeId: string): Promise<Replicated<IdentityExplanationMessage>>;
}
