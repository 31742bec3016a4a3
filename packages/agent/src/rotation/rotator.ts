import { MeshError } from "@kasbah/pki";
import type { Clock, Scheduler } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { countdown, type RetryUrgency, type RotationPolicy, retryDelayMs, rotateAt } from "./schedule.ts";
import type { Wake } from "./wake.ts";

export type FetchedSecret = Omit<WorkloadSecret, "rotateAt">;

/** Obtains a new, verified secret with a new key. Throws a coded error. */
export interface SecretSource {
  fetch(signal: AbortSignal): Promise<FetchedSecret>;
}

export interface RotationFailure {
  readonly error: unknown;
  /** The stable code of the error; UNEXPECTED for a bug in the agent. */
  readonly code: string;
  /** Consecutive failures. */
  readonly failures: number;
  readonly retryInMs: number;
}

/** Observes each outcome, for the log and the metrics. */
export interface RotationObserver {
  onRotated(secret: WorkloadSecret): void;
  onFailed(failure: RotationFailure): void;
}

export interface RotatorDeps {
  readonly source: SecretSource;
  readonly store: SecretStore;
  readonly policy: RotationPolicy;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly observer: RotationObserver;
  /** Shortens the wait for the next attempt, unless the CA requested a delay. */
  readonly wake?: Wake;
  /** Requests to rotate before it is due. */
  readonly demand?: EarlyRotation;
}

/** Requests to rotate before it is due. */
export interface EarlyRotation {
  /** Aborts at the next request. */
  readonly next: AbortSignal;
  /** The time until a requested rotation is due; infinite if none is requested. */
  dueInMs(): number;
}

/** A new token or root file reaches the whole fleet at the same time, so the retries are spread out. */
const wakeSpreadMs = 1_000;

/**
 * Keeps the store supplied until `signal` aborts: waits until rotation is due, fetches and publishes. On
 * failure it keeps the current secret and retries. One fetch runs at a time, and no error ends the loop.
 */
export async function rotateUntilAborted(deps: RotatorDeps, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    // Read before the attempt, so that a change during the attempt is not missed.
    let changed: AbortSignal | undefined;
    try {
      await dueRotation(deps, signal);
      changed = deps.wake?.next;
      await rotate(deps, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      await pause(deps, { error, failures, changed }, signal);
    }
  }
}

/** Waits until the secret is due, or until an operator asks. */
async function dueRotation({ store, scheduler, demand }: RotatorDeps, signal: AbortSignal): Promise<void> {
  for (;;) {
    const due = store.current?.rotateAt.getTime();
    if (due === undefined) return;
    const remainingMs = () =>
      Math.min(due - store.now().getTime(), demand?.dueInMs() ?? Number.POSITIVE_INFINITY);
    const asked = demand === undefined ? [] : [demand.next];
    const isCutShort = await waitOut(scheduler, remainingMs, AbortSignal.any([signal, ...asked]));
    signal.throwIfAborted();
    if (!isCutShort) return;
  }
}

async function rotate(deps: RotatorDeps, signal: AbortSignal): Promise<void> {
  const fetched = await deps.source.fetch(signal);
  const secret = { ...fetched, rotateAt: rotateAt(fetched, deps.policy, deps.roll()) };
  deps.store.publish(secret);
  deps.observer.onRotated(secret);
}

interface FailedRotation {
  readonly error: unknown;
  readonly failures: number;
  /** Aborts once an input of the attempt has changed. */
  readonly changed: AbortSignal | undefined;
}

async function pause(deps: RotatorDeps, failed: FailedRotation, signal: AbortSignal): Promise<void> {
  const { store, roll, observer } = deps;
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
  // A CA that requests a delay is busy, and a local change does not help it.
  const sooner = retryAfterMs === undefined && changed !== undefined ? [changed] : [];
  const isCutShort = await sleepThrough(deps, retryInMs, AbortSignal.any([signal, ...sooner]));
  if (isCutShort) await sleepThrough(deps, Math.min(retryInMs, roll() * wakeSpreadMs), signal);
}

/**
 * Waits until either clock has passed the time, so that a suspended machine does not wait again. Returns
 * whether `signal` ended the wait early.
 */
function sleepThrough({ clock, scheduler }: RotatorDeps, ms: number, signal: AbortSignal): Promise<boolean> {
  return waitOut(scheduler, countdown(clock, ms), signal);
}

/** Returns whether `signal` ended the wait early. */
async function waitOut(
  scheduler: Scheduler,
  remainingMs: () => number,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await scheduler.waitOut(remainingMs, signal);
    return false;
  } catch (error) {
    if (!signal.aborted) throw error;
    return true;
  }
}

const slowCodes: ReadonlySet<string> = new Set(["CA_REFUSED", "CONFIG_INVALID", "TOKEN_EXPIRED"]);

/** A CA repeats its refusal until someone changes something; frequent retries only add load. */
function paceOf(error: unknown): RetryUrgency {
  if (!(error instanceof AgentError)) return "fast";
  return slowCodes.has(error.code) ? "slow" : "fast";
}
