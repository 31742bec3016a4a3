import { retryDelayMs } from "../../packages/agent/src/rotation/schedule.ts";
import type { AgentKind } from "./plan.ts";
import type { Answer } from "./pod-connection.ts";

/** How one kind of agent behaves between its attempts. */
export interface RetryRules {
  readonly dialTimeoutMs: number;
  readonly callTimeoutMs: number;
  /** The shortest time from one attempt to connect to the next one; until then, calls fail at once. */
  readonly redialMs: number;
  /** Whether the agent closes its connection after this many failures. */
  closesAfter(failures: number): boolean;
  /** @param failures consecutive ones, including this one */
  pauseMs(failures: number, answer: Answer, roll: number): number;
}

const attemptsOfRound = 5;
const firstPauseMs = 100;
const firstRoundPauseMs = 500;
const longestRoundPauseMs = 60_000;

/**
 * Istio's agent: five attempts with pauses of 100 to 800 ms over one connection of grpc-go, then a new connection after a
 * pause that grows from 500 ms to a minute. It ignores the CA's retry time.
 */
const stock: RetryRules = {
  // The least that grpc-go waits for a connection. The call has no deadline.
  dialTimeoutMs: 20_000,
  callTimeoutMs: Number.POSITIVE_INFINITY,
  redialMs: 1_000,
  closesAfter: (failures) => failures % attemptsOfRound === 0,
  pauseMs(failures, _, roll) {
    const inRound = (failures - 1) % attemptsOfRound;
    if (inRound < attemptsOfRound - 1) return firstPauseMs * 2 ** inRound * (0.9 + 0.2 * roll);
    const rounds = failures / attemptsOfRound;
    return Math.min(longestRoundPauseMs, firstRoundPauseMs * 1.5 ** (rounds - 1)) * (0.5 + roll);
  },
};

/** Our agent: a new connection for each attempt, and the pause that the CA requests. */
const kasbah: RetryRules = {
  dialTimeoutMs: 10_000,
  callTimeoutMs: 10_000,
  redialMs: 0,
  closesAfter: () => true,
  pauseMs(failures, answer, roll) {
    const retryAfterMs = answer.kind === "refused" ? answer.retryAfterMs : 0;
    return retryDelayMs({ pace: "fast", failures, retryAfterMs, remainingMs: undefined, roll });
  },
};

export const retryRules: Readonly<Record<AgentKind, RetryRules>> = { stock, kasbah };
