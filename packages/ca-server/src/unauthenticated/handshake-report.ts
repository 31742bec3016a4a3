import { type Clock, type FailedHandshake, type Logger, NetworkCounts } from "@kasbah/runtime";
import { networksText } from "./networks-text.ts";
import { Outages } from "./outages.ts";

export interface HandshakeReportDeps {
  readonly onFailed: (reason: FailedHandshake) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What port scans, health checks of load balancers and idle clients do. */
const harmless: ReadonlySet<FailedHandshake> = new Set(["reset", "no_call"]);
const mostNetworks = 3;

/** Counts the connections that end before a call, and summarizes them in the log. */
export class HandshakeReport {
  readonly #deps: HandshakeReportDeps;
  readonly #reasons = new Map<FailedHandshake, number>();
  readonly #networks = new NetworkCounts();
  readonly #acceptErrors: Outages;

  constructor(deps: HandshakeReportDeps) {
    this.#deps = deps;
    this.#acceptErrors = new Outages(deps.clock);
  }

  /** @param group the address group of the client */
  failed(reason: FailedHandshake, group: string): void {
    this.#deps.onFailed(reason);
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + 1);
    this.#networks.add(group);
  }

  /** Logs the first of many. */
  notAccepted(error: Error): void {
    if (this.#acceptErrors.begins(error.message))
      this.#deps.logger.error("cannot accept connections", { error });
  }

  /** Logs what was counted since the last call. */
  summarize(): void {
    if (this.#reasons.size === 0) return;
    const reasons = [...this.#reasons];
    this.#reasons.clear();
    const { total, top } = this.#networks.take(mostNetworks);
    const level = reasons.every(([reason]) => harmless.has(reason)) ? "info" : "warn";
    this.#deps.logger[level]("connections ended before their first call", {
      ...{ count: total, reasons: Object.fromEntries(reasons), from: networksText(top) },
    });
  }
}
