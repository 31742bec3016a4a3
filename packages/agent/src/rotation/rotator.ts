import { MeshError } from "@kasbah/pki";
import type { Clock, Scheduler } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { countdown, type RetryUrgency, type RotationPolicy, retryDelayMs, rotateAt } from "./schedule.ts";
import type { Wake } from "./wake.ts";

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
  /** Cuts a wait for the next attempt short, unless the CA itself has named its length. */
  readonly wake?: Wake;
}

/** A new token or root file reaches a whole fleet at once, and the CA should not meet it so. */
const wakeSpreadMs = 1_000;

/**
 * Keeps the store supplied until `signal` aborts: waits until rotation is due, fetches, publishes; on failure leaves
 * the store as it is and tries again. One fetch runs at a time and no error ends the loop.
 */
export async function rotateUntilAborted(options: RotatorOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    // Taken before the attempt, so that a change in its midst is not missed.
    let changed: AbortSignal | undefined;
    try {
      await dueRotation(options, signal);
      changed = options.wake?.next;
      await rotate(options, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await pause(options, { error, failures, changed }, signal);
    }
  }
}

async function dueRotation({ store, scheduler }: RotatorOptions, signal: AbortSignal): Promise<void> {
  const due = store.current?.rotateAt.getTime();
  if (due !== undefined) await scheduler.waitOut(() => due - store.now().getTime(), signal);
}

async function rotate(options: RotatorOptions, signal: AbortSignal): Promise<void> {
  const fetched = await options.source.fetch(signal);
  const secret = { ...fetched, rotateAt: rotateAt(fetched, options.policy, options.roll()) };
  options.store.publish(secret);
  options.observer.onRotated(secret);
}

interface FailedRotation {
  readonly error: unknown;
  readonly failures: number;
  /** Aborted once something that the attempt depended on has changed. */
  readonly changed: AbortSignal | undefined;
}

async function pause(options: RotatorOptions, failed: FailedRotation, signal: AbortSignal): Promise<void> {
  const { store, roll, observer } = options;
  const { error, failures, changed } = failed;
  const notAfter = store.current?.notAfter.getTime();
  const retryAfterMs = error instanceof AgentError ? error.retryAfterMs : undefined;
  const retryInMs = retryDelayMs({
    pace: paceOf(error),
    failures,
    retryAfterMs: retryAfterMs ?? 0,
    remainingMs: notAfter === undefined ? undefined : notAfter - store.now().getTime(),
    roll: roll(),
  });
  const code = error instanceof MeshError ? error.code : "UNEXPECTED";
  observer.onFailed({ error, code, failures, retryInMs });
  // A CA that names a time is busy: a change of ours does not make it less so.
  const sooner = retryAfterMs === undefined && changed !== undefined ? [changed] : [];
  const isCutShort = await sleepThrough(options, retryInMs, AbortSignal.any([signal, ...sooner]));
  if (isCutShort) await sleepThrough(options, Math.min(retryInMs, roll() * wakeSpreadMs), signal);
}

/** By whichever clock is done first: a machine that was suspended has waited long enough. Whether it was cut short. */
async function sleepThrough(
  { clock, scheduler }: RotatorOptions,
  ms: number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await scheduler.waitOut(countdown(clock, ms), signal);
    return false;
  } catch (error) {
    if (!signal.aborted) throw error;
    return true;
  }
}

const slowCodes: ReadonlySet<string> = new Set(["CA_REFUSED", "CONFIG_INVALID", "TOKEN_EXPIRED"]);

/** A CA that said no will say it again until somebody changes something: asking often only adds load. */
function paceOf(error: unknown): RetryUrgency {
  if (!(error instanceof AgentError)) return "fast";
  return slowCodes.has(error.code) ? "slow" : "fast";
}
