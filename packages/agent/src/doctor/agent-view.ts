/** What the running agent reports of itself. All texts are printable. */
export interface AgentView {
  readonly version: string;
  /** `starting`, `ready`, `stale` or `expired`. */
  readonly state: string;
  readonly isReady: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
  readonly certificate: ServedCertificate | undefined;
  readonly lastFailure: FailureFacts | undefined;
  /** The SHA-256 fingerprints of the roots that it trusts now. */
  readonly rootFingerprints: readonly string[];
  /** How far the CA's clock was ahead when the CA last issued a certificate. */
  readonly clockOffsetMs: number | undefined;
  readonly streams: number;
  readonly rejections: readonly Rejection[];
}

export interface ServedCertificate {
  readonly spiffeId: string;
  readonly serial: string;
  readonly notAfter: Date;
  /** Undefined if the agent does not report it. */
  readonly receivedAt: Date | undefined;
}

/** The last failed attempt to obtain a certificate. */
export interface FailureFacts {
  readonly code: string;
  readonly message: string;
  /** Of the CA, if it refused. */
  readonly caCode?: string | undefined;
  readonly reference?: string | undefined;
  readonly fix?: string | undefined;
  /** The rule that the CA's reply broke. */
  readonly replyFault?: string | undefined;
  readonly failures?: number | undefined;
}

/** A client of SDS that rejected a secret (NACK). */
export interface Rejection {
  readonly node: string;
  readonly names: readonly string[];
  readonly complaint: string;
}

/** The running agent, or why there is no answer from it. */
export type AgentAnswer =
  | { readonly kind: "running"; readonly view: AgentView }
  | { readonly kind: "absent"; readonly problem: string }
  | { readonly kind: "other-server"; readonly problem: string };
