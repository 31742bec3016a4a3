import type { AuthorityStatusMessage, DecisionMessage, IdentityExplanationMessage } from "@kasbah/protocol";
import type { Replicated } from "./replicated.ts";

/**
 * What an operator asks of a CA: of the one on this machine by its socket (`AdminClient`), or of the replicas in a
 * cluster through kubectl (`RemoteCa`).
 */
export interface OperatorClient {
  /** How long to wait between two looks at what goes on. */
  readonly everyMs: number;
  status(): Promise<Replicated<AuthorityStatusMessage>>;
  rotate(kind: "root" | "intermediate"): Promise<AuthorityStatusMessage>;
  pause(): Promise<AuthorityStatusMessage>;
  resume(): Promise<AuthorityStatusMessage>;
  abort(options: { readonly ifEpoch?: number }): Promise<AuthorityStatusMessage>;
  /** What was decided about one call, and by which replica. */
  explainCall(referenceId: string): Promise<DecisionMessage & { readonly replica?: string }>;
  explainIdentity(spiffeId: string): Promise<Replicated<IdentityExplanationMessage>>;
}
