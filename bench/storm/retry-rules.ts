import { retryDelayMs } from "../../packages/agent/src/rotation/schedule.ts";
import type { AgentKind } from "./plan.ts";
import type { Answer } from "./pod-connection.ts";

/** How one kind of agent behaves between its attempts. */
export interface RetryRules {
  /** Whether the connection of a refused call is used again. */
  readonly keepsConnection: boolean;
  readonly dialTimeoutMs: number;
  readonly callTimeoutMs: number;
  /** @param failures consecutive ones, including this one */
  pauseMs(failures: number, answer: Answer, roll: number): number;
}

/** Istio's agent makes five attempts in 1.5 s. */
const attemptsOfRound = 5;
const firstPauseMs = 100;
const longestRoundPauseMs = 15_000;

/** Pauses of 100 to 800 ms, and after five attempts one of a second that doubles. It ignores the CA's retry time. */
const stock: RetryRules = {
  keepsConnection: true,
  // The least that grpc-go waits for a connection. Istio's agent sets no deadline for its call.
  dialTimeoutMs: 20_000,
  callTimeoutMs: Number.POSITIVE_INFINITY,
  pauseMs(failures, _, roll) {
    const inRound = (failures - 1) % attemptsOfRound;
    if (inRound < attemptsOfRound - 1) return firstPauseMs * 2 ** inRound * (0.9 + 0.2 * roll);
    const rounds = failures / attemptsOfRound;
    return Math.min(longestRoundPauseMs, 1_000 * 2 ** (rounds - 1)) * (0.5 + roll);
  },
};

const kasbah: RetryRules = {
  keepsConnection: false,
  dialTimeoutMs: 10_000,
  callTimeoutMs: 10_000,
  pauseMs(failures, answer, roll) {
    const retryAfterMs = answer.kind === "refused" ? answer.retryAfterMs : 0;
    return retryDelayMs({ pace: "fast", failures, retryAfterMs, remainingMs: undefined, roll });
  },
};

export const retryRules: Readonly<Record<AgentKind, RetryRules>> = { stock, kasbah };
