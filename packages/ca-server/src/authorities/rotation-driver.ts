import type { AuthorityStatusMessage, RootClientMessage } from "@kasbah/protocol";
import {
  type Clock,
  type Component,
  type Logger,
  OncePerReason,
  SerialQueue,
  type Sweep,
} from "@kasbah/runtime";
import { OperationError } from "../errors.ts";
import { continueWithoutProof } from "./fixed-roots/unproven-clients.ts";
import type { AuthorityKeeper } from "./keeper.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import { RetiredKeys } from "./keys/retired-keys.ts";
import { returningSigner } from "./keys/returning-signer.ts";
import type { AuthorityOperations } from "./operations.ts";
import { InvalidSignerRecovery } from "./recovery/invalid-signer-recovery.ts";
import { authorityStatusOf } from "./report.ts";
import { nextStep } from "./rotation/gates/next-step.ts";
import type { RotationGate } from "./rotation/gates/rotation-gate.ts";
import { StageGuard } from "./rotation/gates/stage-guard.ts";
import { recall, recallOf } from "./rotation/recall.ts";
import { requireSuccessor } from "./rotation/require-successor.ts";
import { abort, pauseRotations, resumeRotations } from "./rotation/rotation.ts";
import { type DueRotation, rotationDue } from "./rotation/rotation-due.ts";
import type { AuthorityKind, StoredAuthority } from "./rotation/stored-authority.ts";
import { prepare, requireIdle } from "./rotation/succession.ts";
import type { SelfSigned, SelfSignedProfile } from "./self-signed.ts";

export interface RotationDriverDeps {
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  readonly selfSigned: SelfSigned;
  readonly profile: SelfSignedProfile;
  readonly gate: RotationGate;
  /** The reason why nothing irreversible may happen now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  /** How long a stage lasts at least, in boot time. */
  readonly minStageMs: number;
  /** How long the key of a retired authority is kept for a recall. */
  readonly keepRetiredKeysMs: number;
  /** Records that the key of a retired authority is about to be destroyed. */
  readonly onDestroyKey: (authority: StoredAuthority) => Promise<void>;
  /** Whether rotations start automatically. */
  readonly automatic: boolean;
  /** Whether this process may start and advance rotations. Only one of several replicas may. */
  readonly leads: () => boolean;
  /** The operator's schedule: when to check whether a rotation should start. */
  readonly starts: Sweep;
  /** When to check whether a stage may end, which is often. */
  readonly advances: Sweep;
  /** Completes what the next stage of the rotation in progress requires. */
  readonly beforeAdvance: () => Promise<void>;
  /** The clients for which the rotation in progress waits. */
  readonly rootClients: () => readonly RootClientMessage[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** More than the stages that wait for nothing. */
const looksUntilSigning = 3;

/**
 * Starts rotations when they are due or requested, and advances them when the gate opens, one operation at a
 * time. One look advances by one stage at most: a wrong clock that lasts for a moment must not run through
 * all of them.
 */
export class RotationDriver implements Component, AuthorityOperations {
  readonly name = "rotation";
  readonly #deps: RotationDriverDeps;
  #sweeps: { stop(): void }[] = [];
  readonly #guard: StageGuard;
  readonly #retiredKeys: RetiredKeys;
  readonly #recovery: InvalidSignerRecovery;
  readonly #queue = new SerialQueue();
  readonly #trouble = new OncePerReason();
  #queuedLooks = 0;
  #isStarting = false;

  constructor(deps: RotationDriverDeps) {
    this.#deps = deps;
    const { gate, holds, minStageMs, keepRetiredKeysMs: keepMs, onDestroyKey, clock } = deps;
    this.#guard = new StageGuard({ gate, holds, minStageMs, bootMs: () => clock.bootMs() });
    this.#retiredKeys = new RetiredKeys({ ...deps, guard: this.#guard, keepMs, onDestroy: onDestroyKey });
    this.#recovery = new InvalidSignerRecovery(deps);
  }

  async start(): Promise<void> {
    const { starts, advances } = this.#deps;
    this.#sweeps = [starts(() => void this.look(true)), advances(() => void this.look(false))];
    this.#isStarting = true;
    // An intermediate that expired while the CA was off is replaced before the CA serves.
    if (this.#deps.leads()) await this.#attempt(() => this.#recovery.start());
    await this.look(true);
    for (let looks = 1; looks < looksUntilSigning && !this.#canSign(); looks++) await this.look(true);
    this.#isStarting = false;
  }

  async stop(): Promise<void> {
    for (const sweep of this.#sweeps) sweep.stop();
    await this.#queue.settled();
  }

  /**
   * Does what is due, and begins one stage at most; starts a rotation only with `mayStart`. Never rejects:
   * errors are logged, and the next call retries.
   */
  async look(mayStart: boolean): Promise<void> {
    this.#retiredKeys.disable();
    if (!this.#deps.leads()) return this.#forget();
    // A queued call will do the same as this one.
    if (this.#queuedLooks > 1 && !mayStart) return;
    this.#queuedLooks += 1;
    await this.#attempt(async () => {
      await this.#recovery.look();
      this.#observe();
      const hasStarted = mayStart && (await this.#startIfDue());
      await this.#deps.beforeAdvance();
      if (!hasStarted) await this.#advance();
      this.#observe();
      await this.#retiredKeys.look();
    });
    this.#queuedLooks -= 1;
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await this.#queue.run(work);
      this.#trouble.clear();
    } catch (error) {
      this.#report(error);
    }
  }

  #forget(): void {
    this.#guard.forget();
    this.#recovery.forget();
  }

  status(): AuthorityStatusMessage {
    const { keeper, profile, automatic, clock } = this.#deps;
    const trustDomain = profile.trustDomain.name;
    const keyKeptUntil = (one: StoredAuthority) => this.#retiredKeys.keptUntil(one);
    const context = { trustDomain, automatic, gate: this.#guard, keyKeptUntil, now: clock.now() };
    const status = authorityStatusOf(keeper.state, context);
    const rootClients = this.#deps.rootClients();
    return rootClients.length === 0 ? status : { ...status, rootClients };
  }

  rotate(kind: AuthorityKind): Promise<AuthorityStatusMessage> {
    return this.#operate(async () => {
      const { keeper, profile } = this.#deps;
      requireSuccessor(keeper.state, kind, profile);
      const isNew = await this.#recovery.replaceIntermediate();
      if (isNew && kind === "intermediate") return;
      if (!(await this.#recovery.replaceRoot(kind))) await this.#begin(kind);
    });
  }

  continueRotation(): Promise<AuthorityStatusMessage> {
    const { keeper, clock } = this.#deps;
    return this.#operate(() => keeper.transition((state) => continueWithoutProof(state, clock.now())));
  }

  pause(): Promise<AuthorityStatusMessage> {
    return this.#operate(() => this.#deps.keeper.transition(pauseRotations));
  }

  resume(): Promise<AuthorityStatusMessage> {
    return this.#operate(() => this.#deps.keeper.transition(resumeRotations));
  }

  abort({ ifEpoch }: { readonly ifEpoch?: number }): Promise<AuthorityStatusMessage> {
    const { keeper, clock } = this.#deps;
    return this.#operate(() =>
      keeper.transition((state) => {
        if (ifEpoch !== undefined && ifEpoch !== state.epoch) {
          throw new OperationError(`the epoch is ${state.epoch}, not ${ifEpoch}: check the status again`);
        }
        return abort(state, clock.now());
      }),
    );
  }

  recall(id: string): Promise<AuthorityStatusMessage> {
    const { keeper, clock } = this.#deps;
    return this.#operate(async () => {
      const now = clock.now();
      const signer = await returningSigner(recallOf(keeper.state, id, now), keeper.state, this.#deps);
      await keeper.transition((state) => recall(state, signer, now));
    });
  }

  /**
   * Replaces a root that is not valid yet, because an operator vouches for the clock. Returns the ids of the replaced
   * authorities.
   */
  replaceFutureRoot(): Promise<readonly string[]> {
    return this.#queue.run(() => this.#recovery.replaceFutureRoot());
  }

  /** Runs another room's operation as one of this driver's own. */
  operate(act: () => Promise<unknown>): Promise<AuthorityStatusMessage> {
    return this.#operate(act);
  }

  /** Applies an operator's action, and any step that it makes possible immediately. */
  async #operate(act: () => Promise<unknown>): Promise<AuthorityStatusMessage> {
    await this.#queue.run(act);
    await this.look(false);
    return this.status();
  }

  #observe(): void {
    const due = this.#due();
    this.#guard.observe(this.#deps.keeper.state, due === undefined ? [] : [startOf(due)]);
  }

  #due(): DueRotation | undefined {
    const { keeper, automatic, profile, clock } = this.#deps;
    if (!automatic) return undefined;
    return rotationDue(keeper.state, { intermediate: profile.withIntermediate }, clock.now());
  }

  /** A rotation must be due for a while, because an authority created under a wrong clock is of no use. */
  async #startIfDue(): Promise<boolean> {
    const due = this.#due();
    if (due === undefined) return false;
    const isUrgent = this.#isStarting && !this.#canSign() && this.#deps.holds() === undefined;
    if (!isUrgent && !this.#guard.mayHappen(startOf(due), this.#deps.clock.now()).open) return false;
    await this.#begin(due.kind, due.under);
    return true;
  }

  async #begin(kind: AuthorityKind, under?: StoredAuthority): Promise<void> {
    const { keeper, selfSigned, clock } = this.#deps;
    const { state } = keeper;
    requireIdle(state, kind);
    const successor =
      kind === "root"
        ? await selfSigned.createRoot(state)
        : await selfSigned.createIntermediate(state, under);
    await keeper.transition((current) => prepare(current, successor, clock.now()));
  }

  /** Begins the next stage of the rotation, or retires what waits beside it. */
  async #advance(): Promise<void> {
    const { keeper, clock } = this.#deps;
    const { epoch } = keeper.state;
    const now = clock.now();
    if (nextStep(keeper.state, this.#guard, now) === undefined) return;
    // Checked again when the write runs, because the leaf horizon or the operator may have changed the
    // state meanwhile.
    await keeper.transition(
      (state) => (state.epoch === epoch ? nextStep(state, this.#guard, now) : undefined) ?? state,
    );
  }

  #canSign(): boolean {
    const { keeper, clock } = this.#deps;
    try {
      keeper.activeIssuer(clock.now());
      return true;
    } catch {
      return false;
    }
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#trouble.failed(reason, () =>
      this.#deps.logger.error("rotation failed and will be retried", { error }),
    );
  }
}

/** What a due rotation is called while it waits for its start. */
function startOf({ kind, under }: DueRotation): string {
  return `start ${under?.id ?? kind}`;
}
