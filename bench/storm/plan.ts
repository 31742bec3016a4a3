import type { OutgoingHttpHeaders } from "node:http2";

/** One pod that restarts: its own key, token and address. */
export interface StormPod {
  readonly namespace: string;
  /** Of 127.0.0.0/8, from which the pod connects. */
  readonly address: string;
  readonly token: string;
  readonly csr: string;
}

/** How pods retry: as Istio's agent over grpc-go does, or as our agent. */
export type AgentKind = "stock" | "kasbah";

/** The input of the client process. */
export interface StormPlan {
  readonly port: number;
  readonly rootPem: string;
  readonly agents: AgentKind;
  /** The time over which the pods start. */
  readonly overMs: number;
  /** After this time a pod gives up, and counts as not served. */
  readonly patienceMs: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly pods: readonly StormPod[];
}

/** The result of one pod. */
export interface PodOutcome {
  readonly namespace: string;
  /** From its start to its certificate; undefined if it was not served. */
  readonly servedMs: number | undefined;
  readonly attempts: number;
  readonly connections: number;
  /** Of its certificate, as the CA's ledger writes it. */
  readonly serial: string | undefined;
}

/** The output of the client process. */
export interface StormReport {
  readonly pods: readonly PodOutcome[];
  /** From the first pod's start to the last pod's certificate. */
  readonly tookMs: number;
  /** Of the client process, while the storm lasted. */
  readonly cpuSeconds: number;
  /** How often attempts failed, by gRPC status, or by the reason why the connection ended. */
  readonly failures: Readonly<Record<string, number>>;
}
