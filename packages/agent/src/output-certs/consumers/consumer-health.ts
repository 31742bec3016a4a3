import { type Clock, Gauge, type Registry } from "@kasbah/runtime";
import type { Consumer } from "./consumer.ts";

/** Registers the metrics of applications that load the files, read at each scrape. */
export function registerConsumers(registry: Registry, consumers: readonly Consumer[]): void {
  const labelNames = ["consumer"];
  const registers = [registry];
  new Gauge({
    name: "kasbah_agent_consumer_stale",
    help: "1 while an application could not be made to load the current files.",
    labelNames,
    registers,
    collect() {
      for (const { kind, state } of consumers) this.set({ consumer: kind }, state.failures > 0 ? 1 : 0);
    },
  });
  new Gauge({
    name: "kasbah_agent_consumer_deadline_seconds",
    help: "When the certificate that an application loaded last expires; absent if unknown.",
    unit: "seconds since the Unix epoch",
    labelNames,
    registers,
    collect() {
      for (const { kind, state } of consumers)
        if (state.deadline !== undefined) this.set({ consumer: kind }, state.deadline.getTime() / 1000);
    },
  });
}

/** The warnings of `/healthz/ready` about applications that did not load the current files. */
export function staleWarnings(consumers: readonly Consumer[], clock: Clock): readonly string[] {
  return consumers.flatMap(({ state }) => {
    const { problem, failures, deadline } = state;
    if (problem === undefined) return [];
    const times = failures === 1 ? "" : ` (${failures} times)`;
    return [
      `stale-consumer: ${problem}${times}; ${lastWords(deadline, clock.now())}; see the log for its output`,
    ];
  });
}

function lastWords(deadline: Date | undefined, now: Date): string {
  if (deadline === undefined) return "no run has succeeded yet";
  const verb = now < deadline ? "expires" : "expired";
  return `the certificate that the application loaded last ${verb} at ${deadline.toISOString()}`;
}
