import type { AuthorityStatusMessage } from "@kasbah/protocol";
import type { AuthorityKind } from "./rotation/stored-authority.ts";

/** The operations on authorities that an operator may request. Each returns the status after the operation. */
export interface AuthorityOperations {
  status(): AuthorityStatusMessage;
  /** @throws OperationError if a rotation is in progress, or if the CA cannot create this authority. */
  rotate(kind: AuthorityKind): Promise<AuthorityStatusMessage>;
  /**
   * Brings back an authority that is retiring or retired and still has its key.
   * @throws OperationError if that is impossible
   */
  recall(id: string): Promise<AuthorityStatusMessage>;
  /** @throws OperationError unless a rotation of the root waits for clients to show that they hold the new root. */
  continueRotation(): Promise<AuthorityStatusMessage>;
  pause(): Promise<AuthorityStatusMessage>;
  resume(): Promise<AuthorityStatusMessage>;
  /** @throws OperationError from stage `retiring` on, or if the current epoch is not `ifEpoch`. */
  abort(options: { readonly ifEpoch?: number }): Promise<AuthorityStatusMessage>;
}
