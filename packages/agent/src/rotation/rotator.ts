import { MeshError } from "@kasbah/pki";
import type { Clock, Scheduler } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret-store.ts";
import { type RetryPace, type RotationPolicy, retryDelayMs, rotateAt } from "./schedule.ts";

export type FetchedSecret = Omit<WorkloadSecret, "rotateAt">;

/** Makes a new secret, verified and with a new key; throws a coded error. */
export interface SecretSource {
  fetch(signal: AbortSignal): Promise<FetchedSecret>;
}

export interface RotationFailure {
  readonly error: unknown;
  /** The error's stable code; UNEXPECTED for a fault of our own. */
  readonly code: string;
  /** Failures in a row. */
  readonly failures: number;
  readonly retryInMs: number;
}

/** Told of each outcome, for log and metrics. */
export interface RotationObserver {
  onRotated(secret: WorkloadSecret): void;
  onFailed(failure: RotationFailure): void;
}

export interface RotatorOptions {
  readonly source: SecretSource;
  readonly store: SecretStore;
  readonly policy: RotationPolicy;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly observer: RotationObserver;
}

/**
 * Keeps the store supplied until `signal` aborts: waits until rotation is due, fetches, publishes; on failure leaves
 * the store as it is and tries again. One fetch runs at a time and no error ends the loop.
 */
export async function rotateUntilAborted(options: RotatorOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await dueRotation(options, signal);
      await rotate(options, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await pause(options, error, failures, signal);
    }
  }
}

async function dueRotation({ store, scheduler }: RotatorOptions, signal: AbortSignal): Promise<void> {
  const due = store.current?.rotateAt;
  if (due !== undefined) await scheduler.waitUntil(due, signal);
}

async function rotate(options: RotatorOptions, signal: AbortSignal): Promise<void> {
  const fetched = await options.source.fetch(signal);
  const secret = { ...fetched, rotateAt: rotateAt(fetched, options.policy, options.roll()) };
  options.store.publish(secret);
  options.observer.onRotated(secret);
}

async function pause(
  options: RotatorOptions,
  error: unknown,
  failures: number,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, roll } = options;
  const notAfter = store.current?.notAfter.getTime();
  const retryInMs = retryDelayMs({
    pace: paceOf(error),
    failures,
    retryAfterMs: (error instanceof AgentError ? error.retryAfterMs : undefined) ?? 0,
    remainingMs: notAfter === undefined ? undefined : notAfter - clock.now().getTime(),
    roll: roll(),
  });
  const code = error instanceof MeshError ? error.code : "UNEXPECTED";
  options.observer.onFailed({ error, code, failures, retryInMs });
  await clock.sleep(retryInMs, signal).catch(() => undefined);
}

/** A CA that said no will say it again until somebody changes something: asking often only adds load. */
function paceOf(error: unknown): RetryPace {
  if (!(error instanceof AgentError)) return "fast";
  return error.code === "CA_REFUSED" || error.code === "CONFIG_INVALID" ? "slow" : "fast";
}
