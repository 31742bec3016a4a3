import type { AuthorityStatusMessage, DistrustPreviewMessage } from "@kasbah/protocol";

/** The operations for an authority whose key is in the wrong hands. */
export interface CompromiseOperations {
  /** Reports what {@link distrust} would do. @throws OperationError if it would be refused */
  previewDistrust(id: string): Promise<DistrustPreviewMessage>;
  /** @throws OperationError if the state does not allow it, or if the CA cannot create the successor it needs */
  distrust(id: string): Promise<AuthorityStatusMessage>;
}
