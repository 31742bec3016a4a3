import type { AuthorityStatusMessage } from "@kasbah/protocol";
import {
  type Clock,
  type Component,
  type Logger,
  OncePerReason,
  SerialQueue,
  type Sweep,
} from "@kasbah/runtime";
import { OperationError } from "../errors.ts";
import type { AuthorityKeeper } from "./keeper.ts";
import type { AuthorityOperations } from "./operations.ts";
import { authorityStatusOf } from "./report.ts";
import { type AuthorityState, authorityOf, rootOf } from "./rotation/authority-state.ts";
import {
  abort,
  advance,
  pauseRotations,
  prepare,
  requireIdle,
  resumeRotations,
} from "./rotation/rotation.ts";
import { rotationDue } from "./rotation/rotation-due.ts";
import type { RotationGate } from "./rotation/rotation-gate.ts";
import type { AuthorityKind } from "./rotation/stored-authority.ts";
import type { SelfSigned, SelfSignedProfile } from "./self-signed.ts";

export interface RotationDriverDeps {
  readonly keeper: AuthorityKeeper;
  readonly selfSigned: SelfSigned;
  readonly profile: SelfSignedProfile;
  readonly gate: RotationGate;
  /** Whether rotations start automatically. */
  readonly automatic: boolean;
  /** Whether this process may start and advance rotations. Only one of several replicas may. */
  readonly leads: () => boolean;
  /** The operator's schedule: when to check whether a rotation should start. */
  readonly starts: Sweep;
  /** When to check whether a stage may end, which is often. */
  readonly advances: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Starts rotations when they are due or requested, and advances them when the gate opens, one operation at a
 * time.
 */
export class RotationDriver implements Component, AuthorityOperations {
  readonly name = "rotation";
  readonly #deps: RotationDriverDeps;
  #sweeps: { stop(): void }[] = [];
  readonly #queue = new SerialQueue();
  readonly #trouble = new OncePerReason();
  #queuedLooks = 0;

  constructor(deps: RotationDriverDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { starts, advances } = this.#deps;
    this.#sweeps = [starts(() => void this.look(true)), advances(() => void this.look(false))];
    await this.look(true);
  }

  async stop(): Promise<void> {
    for (const sweep of this.#sweeps) sweep.stop();
    await this.#queue.settled();
  }

  /**
   * Does everything that is due; starts a rotation only with `mayStart`. Never rejects: errors are logged,
   * and the next call retries.
   */
  async look(mayStart: boolean): Promise<void> {
    if (!this.#deps.leads()) return;
    // A queued call will do the same as this one.
    if (this.#queuedLooks > 1 && !mayStart) return;
    this.#queuedLooks += 1;
    try {
      await this.#queue.run(async () => {
        if (mayStart) await this.#startIfDue();
        await this.#advanceWhileOpen();
      });
      this.#trouble.clear();
    } catch (error) {
      this.#report(error);
    } finally {
      this.#queuedLooks -= 1;
    }
  }

  status(): AuthorityStatusMessage {
    const { keeper, profile, gate, automatic, clock } = this.#deps;
    const trustDomain = profile.trustDomain.name;
    return authorityStatusOf(keeper.state, { trustDomain, automatic, gate, now: clock.now() });
  }

  rotate(kind: AuthorityKind): Promise<AuthorityStatusMessage> {
    return this.#operate(async () => {
      this.#refuseImpossible(kind);
      await this.#begin(kind);
    });
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

  /** Applies an operator's action, and any step that it makes possible immediately. */
  async #operate(act: () => Promise<unknown>): Promise<AuthorityStatusMessage> {
    await this.#queue.run(act);
    await this.look(false);
    return this.status();
  }

  async #startIfDue(): Promise<void> {
    const { keeper, automatic, profile, clock } = this.#deps;
    if (!automatic) return;
    const kind = rotationDue(keeper.state, { intermediate: profile.withIntermediate }, clock.now());
    if (kind !== undefined) await this.#begin(kind);
  }

  async #begin(kind: AuthorityKind): Promise<void> {
    const { keeper, selfSigned, clock } = this.#deps;
    const { state } = keeper;
    requireIdle(state);
    const successor =
      kind === "root" ? await selfSigned.createRoot(state) : await selfSigned.createIntermediate(state);
    await keeper.transition((current) => prepare(current, successor, clock.now()));
  }

  async #advanceWhileOpen(): Promise<void> {
    const { keeper } = this.#deps;
    while (this.#mayAdvance(keeper.state)) {
      const { epoch } = keeper.state;
      const now = this.#deps.clock.now();
      // Checked again when the write runs, because the leaf horizon or the operator may have changed the
      // state meanwhile.
      const step = (state: AuthorityState) => (this.#mayAdvance(state) ? advance(state, now) : state);
      await keeper.transition((state) => (state.epoch === epoch ? step(state) : state));
    }
  }

  #mayAdvance(state: AuthorityState): boolean {
    const { gate, clock } = this.#deps;
    if (state.rotation === undefined || state.hold === "all") return false;
    return gate.mayAdvance(state, state.rotation, clock.now()).open;
  }

  /**
   * The CA can create a successor only for authorities that it created: it has no key of a plugged-in set's
   * root.
   */
  #refuseImpossible(kind: AuthorityKind): void {
    const { keeper, profile } = this.#deps;
    const { state } = keeper;
    const root = rootOf(state, state.signerId);
    if (kind === "intermediate" && root.id === state.signerId && !profile.withIntermediate) {
      throw new OperationError(
        "the root signs workload certificates directly (--no-intermediate): rotate the root",
      );
    }
    if (root.hasKey && (kind === "root" || authorityOf(state, root.id).origin === "self-signed")) return;
    throw new OperationError(
      `${state.signerId} was plugged in: put its successor into the directory that --root-ca-dir names, which the CA watches`,
    );
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#trouble.failed(reason, () =>
      this.#deps.logger.error("rotation failed and will be retried", { error }),
    );
  }
}
