import { systemClock } from "@kasbah/runtime";
import { type Answer, PodConnection, type PodConnectionOptions } from "./pod-connection.ts";
import type { RetryRules } from "./retry-rules.ts";

export interface PodCallerOptions extends Pick<PodConnectionOptions, "plan" | "pod" | "context"> {
  readonly rules: RetryRules;
}

/** The connection that an agent has at the moment. */
export class PodCaller {
  readonly #options: PodCallerOptions;
  #connection: PodConnection | undefined;
  #dialedMs = Number.NEGATIVE_INFINITY;
  connections = 0;

  constructor(options: PodCallerOptions) {
    this.#options = options;
  }

  async call(): Promise<Answer> {
    const { rules, ...target } = this.#options;
    if (this.#connection?.isOpen !== true) {
      const nowMs = systemClock.monotonicMs();
      if (nowMs - this.#dialedMs < rules.redialMs) return { kind: "lost", reason: "not connected yet" };
      this.#dialedMs = nowMs;
      this.connections += 1;
      const { dialTimeoutMs, callTimeoutMs } = rules;
      this.#connection = new PodConnection({ ...target, dialTimeoutMs, callTimeoutMs });
    }
    return this.#connection.call();
  }

  close(): void {
    this.#connection?.close();
    this.#dialedMs = Number.NEGATIVE_INFINITY;
  }
}
