import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import type { UnauthenticatedMetrics } from "../telemetry/unauthenticated-metrics.ts";
import { HandshakeReport } from "./handshake-report.ts";
import { RefusalLines } from "./refusal-lines.ts";

export interface UnauthenticatedDeps {
  readonly metrics: UnauthenticatedMetrics;
  /** When to log what was only counted: every minute. */
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the CA logs about callers that it does not know, who can cause any number of events. */
export interface Unauthenticated {
  readonly refusals: RefusalLines;
  readonly handshakes: HandshakeReport;
  readonly summary: Component;
}

export function createUnauthenticated({
  metrics,
  sweep,
  clock,
  logger,
}: UnauthenticatedDeps): Unauthenticated {
  const refusals = new RefusalLines({ onUnlogged: metrics.refusalUnlogged, clock, logger });
  const handshakes = new HandshakeReport({ onFailed: metrics.handshakeFailed, clock, logger });
  const summarize = () => {
    refusals.summarize();
    handshakes.summarize();
  };
  let sweeping: { stop(): void } | undefined;
  const summary = {
    name: "summary of unauthenticated callers",
    async start() {
      sweeping = sweep(summarize);
    },
    async stop() {
      sweeping?.stop();
      summarize();
    },
  };
  return { refusals, handshakes, summary };
}
