import { type Clock, type Logger, OncePerReason } from "@kasbah/runtime";
import { OperationError } from "../../errors.ts";
import type { AuthorityKeeper } from "../keeper.ts";
import { type AuthorityState, rootOf } from "../rotation/authority-state.ts";
import {
  canCreateUnder,
  expiredNewcomer,
  hasValidAlternative,
  invalidKind,
  replaceInvalid,
} from "../rotation/invalid-signer.ts";
import { next } from "../rotation/state-change.ts";
import type { AuthorityKind } from "../rotation/stored-authority.ts";
import { prepare, settle } from "../rotation/succession.ts";
import type { SelfSigned } from "../self-signed.ts";
import { situationOf, wayOutOf } from "./way-out.ts";

export interface InvalidSignerDeps {
  readonly keeper: AuthorityKeeper;
  readonly selfSigned: SelfSigned;
  /** The reason why nothing irreversible may happen now; undefined if nothing holds. */
  readonly holds: () => string | undefined;
  /** How long a running CA waits before it believes the wall clock, in boot time. */
  readonly minStageMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Replaces a signer that has expired, or that is not valid yet because the clock was wrong when it was created. */
export class InvalidSignerRecovery {
  readonly #deps: InvalidSignerDeps;
  readonly #trouble = new OncePerReason();
  #seen: { readonly id: string; readonly bootMs: number } | undefined;

  constructor(deps: InvalidSignerDeps) {
    this.#deps = deps;
  }

  /**
   * Creates an intermediate if the one that signs, or is about to, has been invalid for the shortest time of a stage,
   * and its root may sign. Never rejects. For the one that signs, this happens even if rotations are paused or manual: it is not a
   * choice between two authorities, but the only way to issue at all.
   */
  async look(): Promise<void> {
    try {
      await this.#lookOnce();
      this.#trouble.clear();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const event = "cannot replace an invalid intermediate, and will retry";
      this.#trouble.failed(reason, () => this.#deps.logger.error(event, { error }));
    }
  }

  async #lookOnce(): Promise<void> {
    const { keeper, clock, minStageMs, holds } = this.#deps;
    const id = holds() === undefined ? this.#invalid() : undefined;
    if (id === undefined) return this.forget();
    if (this.#seen?.id !== id) this.#seen = { id, bootMs: clock.bootMs() };
    if (clock.bootMs() - this.#seen.bootMs < minStageMs) return;
    await (id === keeper.state.signerId ? this.replaceIntermediate() : this.#replaceNewcomer());
  }

  /** After the loss of leadership, the time counts again from the start. */
  forget(): void {
    this.#seen = undefined;
  }

  /** Does the same at the start, without waiting. */
  async start(): Promise<void> {
    if (this.#deps.holds() === undefined) await this.replaceIntermediate();
  }

  /** Does the same on the operator's command; returns whether it created an intermediate. */
  async replaceIntermediate(): Promise<boolean> {
    const { keeper, selfSigned, clock } = this.#deps;
    if (!this.#isIntermediateInvalid()) return false;
    const successor = await selfSigned.createIntermediate(keeper.state);
    await keeper.transition((state) => this.#logged(state, replaceInvalid(state, successor, clock.now())));
    return true;
  }

  /**
   * Replaces an invalid root immediately on the operator's command; returns false if the root is valid. Never
   * automatic: with a clock that is far ahead, it would cut off every client.
   *
   * @throws OperationError if another way leads to issuing without a new root
   */
  async replaceRoot(kind: AuthorityKind): Promise<boolean> {
    const { keeper, clock } = this.#deps;
    const { state } = keeper;
    const now = clock.now();
    if (invalidKind(state, now) !== "root") return false;
    const { id } = rootOf(state, state.signerId);
    if (hasValidAlternative(state, now))
      throw new OperationError(`${id} is not valid now: ${wayOutOf(state, now)}`);
    if (kind !== "root")
      throw new OperationError(`${id} is not valid now, so it cannot sign an intermediate: rotate the root`);
    await this.#createRoot(true);
    return true;
  }

  /**
   * Replaces a root that is not valid yet, because an operator vouches for the clock. No client accepts a certificate
   * under it, so it is not trusted any longer either. Returns the ids of the replaced authorities.
   */
  async replaceFutureRoot(): Promise<readonly string[]> {
    const { keeper, clock } = this.#deps;
    const before = keeper.state.authorities.filter(({ stage }) => stage !== "retired");
    if (situationOf(keeper.state, clock.now()) !== "root-not-yet-valid") return [];
    await this.#createRoot(false);
    const { authorities } = keeper.state;
    return before
      .map(({ id }) => id)
      .filter((id) => authorities.some((one) => one.id === id && one.stage === "retired"));
  }

  async #createRoot(keepsFuture: boolean): Promise<void> {
    const { keeper, selfSigned, clock } = this.#deps;
    const successor = await selfSigned.createRoot(keeper.state);
    await keeper.transition((current) => {
      const replaced = replaceInvalid(current, successor, clock.now(), keepsFuture);
      return this.#logged(current, replaced === current ? current : { ...replaced, hold: "none" });
    });
  }

  /** The intermediate to replace, if any. */
  #invalid(): string | undefined {
    const { keeper, clock } = this.#deps;
    const { state } = keeper;
    if (this.#isIntermediateInvalid()) return state.signerId;
    return state.hold === "all" ? undefined : expiredNewcomer(state, clock.now())?.id;
  }

  /** A rotation of the root continues with a new intermediate; a rotation to an invalid intermediate ends. */
  async #replaceNewcomer(): Promise<void> {
    const { keeper, selfSigned, clock } = this.#deps;
    const { state } = keeper;
    const now = clock.now();
    const newcomer = expiredNewcomer(state, now);
    if (newcomer === undefined) return;
    const root = rootOf(state, newcomer.id);
    if (state.rotation?.kind === "intermediate" || newcomer.kind === "root") {
      await keeper.transition((current) => (current === state ? next(settle(current, now)) : current));
    } else if (canCreateUnder(root, now)) {
      const successor = await selfSigned.createIntermediate(state, root);
      await keeper.transition((current) => prepare(current, successor, now));
    }
  }

  #isIntermediateInvalid(): boolean {
    const { keeper, clock } = this.#deps;
    return situationOf(keeper.state, clock.now()) === "intermediate-invalid";
  }

  #logged(before: AuthorityState, after: AuthorityState): AuthorityState {
    if (after === before) return after;
    const facts = { former: before.signerId, authority: after.signerId };
    this.#deps.logger.warn("replacing an invalid authority outside of a rotation", facts);
    return after;
  }
}
