import type { CallTrace } from "../../issuance/call-trace.ts";

/** What is known about a call from its headers. */
export interface TracedCall {
  /** The service and the method of gRPC. */
  readonly method: string;
  /** Every value of the `traceparent` header. */
  readonly traceparent: readonly string[];
  readonly referenceId: string;
  readonly peerAddress: string;
}

/** What a trace says about a certificate: nothing that the ledger does not contain. */
export interface TracedCertificate {
  readonly spiffeId: string;
  readonly serial: string;
  readonly rule: string;
  readonly authorityId: string;
}

/** What a trace says about a refusal. */
export interface TracedRefusal {
  readonly code: string;
  /** The status of gRPC. */
  readonly status: number;
  readonly spiffeId: string | undefined;
  readonly rule: string | undefined;
}

/** The trace of one call, which ends with its outcome. */
export interface OpenTrace extends CallTrace {
  issued(certificate: TracedCertificate): void;
  refused(refusal: TracedRefusal): void;
}

/** Traces calls. */
export interface CallTracing {
  start(call: TracedCall): OpenTrace;
}
