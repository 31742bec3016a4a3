import type { Certificate, TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger, Secret } from "@kasbah/runtime";
import { ContentWatch } from "@kasbah/runtime";
import { OperationError, StateError } from "../../errors.ts";
import type { AuthorityKeeper } from "../keeper.ts";
import type { AuthorityKeys } from "../keys/authority-keys.ts";
import type { Rehearse } from "../rehearsal/candidate.ts";
import {
  type AuthorityState,
  authorityOf,
  distrustedBy,
  rootOf,
  signersInUse,
} from "../rotation/authority-state.ts";
import { invalidKind, replaceInvalid } from "../rotation/invalid-signer.ts";
import { prepare, requireIdle, type Successor } from "../rotation/succession.ts";
import { adoptPluggedIn, extraRootsOf } from "./authority.ts";
import { classifyPluggedInChange, type InUse, type PluggedInChange } from "./change.ts";
import { differenceFrom } from "./difference.ts";
import { describeAbsence } from "./directory/absence.ts";
import { DirectoryReport } from "./directory/report.ts";
import { digestPluggedInFiles } from "./files.ts";
import { loadPluggedInSet, type PluggedInSet } from "./load-set.ts";
import { rehearseChange } from "./rehearse-set.ts";

export interface PluggedInSourceDeps {
  readonly directory: string;
  readonly trustDomain: TrustDomain;
  readonly passphrase: Secret | undefined;
  readonly keeper: AuthorityKeeper;
  readonly keys: AuthorityKeys;
  /** Called when a rotation is prepared, to advance it. */
  readonly onPrepared: () => Promise<void>;
  /** Tries every set before its use. */
  readonly rehearse: Rehearse;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The stages of an intermediate that wait for nothing, and its signature. */
const looksUntilSigning = 3;

/**
 * Watches the operator's directory and adopts each valid set as a whole. An invalid set changes nothing but
 * is logged as an error.
 */
export class PluggedInSource implements Component {
  readonly name = "plugged-in authority";
  readonly #deps: PluggedInSourceDeps;
  readonly #watch: ContentWatch;
  #problem: string | undefined;
  readonly #report: DirectoryReport;
  #found: PluggedInSet | undefined;
  #warnings: readonly string[] = [];

  constructor(deps: PluggedInSourceDeps) {
    this.#deps = deps;
    const { directory, keeper, clock, logger } = deps;
    this.#report = new DirectoryReport({ directory, state: () => keeper.state, clock, logger });
    this.#watch = new ContentWatch({
      name: this.name,
      directories: [directory],
      read: () => this.#digest(),
      onChange: () => this.take(),
      onTrouble: (error) => this.#onTrouble(error),
      // The content may have changed since the last start.
      initial: "",
      clock,
      logger,
    });
  }

  /** The number of blocks in the operator's root file that are not usable roots. */
  get skippedRoots(): number {
    return this.#report.skippedRoots;
  }

  /** Why the current set is not in use or what some clients reject of it, why there is none, and which roots are not trusted. */
  warnings(): readonly string[] {
    const { keeper, directory } = this.#deps;
    const difference = this.#found && differenceFrom(keeper.state, this.#found, directory);
    const unused = this.#problem ?? difference;
    return [...(unused === undefined ? this.#warnings : [unused]), ...this.#report.warnings()];
  }

  /**
   * A set that arrived while the CA was off may be the only one that has not expired, so it is adopted before
   * anything signs.
   */
  async start(): Promise<void> {
    // The watch meets the same error immediately, and reports it.
    await this.take().catch(() => undefined);
    for (let looks = 1; looks < looksUntilSigning && this.#isStranded(); looks++) {
      await this.#deps.onPrepared();
    }
    await this.#watch.start();
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }

  reread(): void {
    this.#watch.reread();
  }

  /**
   * Adopts the set in the directory. If it rejects, the watch offers the set again, because a set that is not
   * yet valid, or that waits for the end of a rotation, becomes usable later.
   *
   * @throws StateError `PLUGGED_IN_*`, unless the directory contains none of the files, or `REHEARSAL_FAILED`;
   * OperationError while a rotation is in progress or rotations are paused
   */
  async take(): Promise<void> {
    try {
      await this.#take();
    } catch (error) {
      throw await this.#explained(error);
    }
  }

  async #take(): Promise<void> {
    const { directory, trustDomain, passphrase, clock } = this.#deps;
    const secret = passphrase === undefined ? {} : { passphrase: passphrase.reveal() };
    const set = await loadPluggedInSet(directory, { trustDomain, now: clock.now(), ...secret });
    if (set === undefined) return this.#onAbsent(await describeAbsence(directory));
    this.#report.found(set.skipped);
    this.#found = set;
    await this.#apply(set);
    this.#problem = undefined;
  }

  /** A set in use that an earlier release accepted stays in use, even if this release would refuse it. */
  async #explained(error: unknown): Promise<unknown> {
    const { directory, keeper } = this.#deps;
    if (!(error instanceof StateError)) return error;
    const isInUse = (await digestPluggedInFiles(directory)) === keeper.state.pluggedInDigest;
    if (!isInUse) return error;
    const { code, message: problem } = error;
    const message = `the CA in use stays in use, but would be refused if it were new: ${problem}`;
    return new StateError(code, message, { cause: error });
  }

  async #digest(): Promise<string> {
    const digest = await digestPluggedInFiles(this.#deps.directory);
    if (digest !== "") this.#report.seen();
    return digest;
  }

  #onAbsent(absence: string): void {
    this.#problem = undefined;
    this.#found = undefined;
    this.#report.missing(absence);
  }

  #onTrouble(error: unknown): void {
    const { directory, logger } = this.#deps;
    if (error instanceof OperationError) {
      this.#problem = undefined;
      logger.info("plugged-in CA is waiting", { directory, error });
      return;
    }
    this.#problem = error instanceof Error ? error.message : "unexpected failure";
    logger.error("plugged-in CA rejected; keeping the CA in use", { directory, error });
  }

  async #apply(set: PluggedInSet): Promise<void> {
    const { keeper, keys, clock, logger, directory } = this.#deps;
    const { state } = keeper;
    const distrusted = distrustedBy(state, [set.signer.certificate, ...set.intermediates, set.root]);
    if (distrusted !== undefined) {
      throw new StateError(
        "PLUGGED_IN_REJECTED",
        `cannot use the CA in ${directory}: it contains the key of ${distrusted.id}, which an operator distrusted: put a CA with new keys into the directory`,
      );
    }
    const change = changeBy(set, state, clock.now());
    // An earlier release may have left out roots of the same files.
    const isNew =
      state.pluggedInDigest !== set.digest || (change.kind === "roots-only" && lacksRoots(state, set));
    if (!isNew) return this.#rehearse(set);
    if (change.kind === "refused") {
      throw new StateError("PLUGGED_IN_REJECTED", `cannot use the CA in ${directory}: ${change.reason}`);
    }
    await this.#rehearse(set);
    if (change.kind === "roots-only") {
      await keeper.transition((current) => withRoots(current, set, current.epoch + 1));
      return logger.info("plugged-in roots adopted", { directory, roots: set.roots.roots.length });
    }
    const isUrgent = replacesInvalid(set, change, state, clock.now());
    if (!isUrgent) requireIdle(state, change.kind === "new-root" ? "root" : "intermediate");
    const successor = await adoptPluggedIn(set, state, keys, clock);
    await (isUrgent ? this.#replaceInvalid(successor, set) : this.#prepare(successor, set));
  }

  /** Takes effect without stages, even if rotations are paused: no certificate of the CA in use is valid. */
  async #replaceInvalid(successor: Successor, set: PluggedInSet): Promise<void> {
    const { keeper, clock, logger, directory } = this.#deps;
    await keeper.transition((current) => {
      const replaced = replaceInvalid(current, successor, clock.now());
      return replaced === current ? current : withRoots(replaced, set, replaced.epoch);
    });
    logger.warn("plugged-in CA replaced an invalid one", { directory, authority: successor.signerId });
  }

  async #rehearse(set: PluggedInSet): Promise<void> {
    const { keeper, keys, rehearse, directory, logger } = this.#deps;
    const warnings = await rehearseChange(set, keeper.state, keys, rehearse);
    for (const warning of warnings.filter((each) => !this.#warnings.includes(each))) {
      logger.warn("some clients reject the plugged-in CA", { directory, warning });
    }
    this.#warnings = warnings;
  }

  async #prepare(successor: Successor, set: PluggedInSet): Promise<void> {
    const { keeper, clock, logger, directory, onPrepared } = this.#deps;
    await keeper.transition((current) => {
      const prepared = prepare(current, successor, clock.now());
      return withRoots(prepared, set, prepared.epoch);
    });
    logger.info("plugged-in CA adopted", {
      directory,
      authority: successor.signerId,
      change: successor.kind,
    });
    await onPrepared();
  }

  #isStranded(): boolean {
    const { keeper, clock } = this.#deps;
    const { signerId, rotation } = keeper.state;
    const { certificate } = authorityOf(keeper.state, signerId);
    return rotation?.kind === "intermediate" && certificate.notAfter <= clock.now();
  }
}

/** A set may continue the chain that signs, or the one to which a rotation of the root leads. */
function changeBy(set: PluggedInSet, state: AuthorityState, now: Date): PluggedInChange {
  const [signing, ...coming] = signersInUse(state);
  const change = classifyPluggedInChange(inUse(state, signing, now), set);
  if (change.kind === "roots-only" || change.kind === "same-root") return change;
  const others = coming.map((id) => classifyPluggedInChange(inUse(state, id, now), set));
  return others.find(({ kind }) => kind === "roots-only" || kind === "same-root") ?? change;
}

function inUse(state: AuthorityState, signerId: string, now: Date): InUse {
  const signer = authorityOf(state, signerId).certificate;
  const root = rootOf(state, signerId).certificate;
  return { signer, root, isRootExpired: root.notAfter <= now };
}

/** Whether a set replaces what is not valid, so that it need not wait for a rotation or for the end of a pause. */
function replacesInvalid(
  set: PluggedInSet,
  { kind }: PluggedInChange,
  state: AuthorityState,
  now: Date,
): boolean {
  const invalid = invalidKind(state, now);
  if (invalid === "root") return kind === "new-root";
  const { fingerprint } = rootOf(state, state.signerId).certificate;
  return invalid === "intermediate" && kind === "same-root" && fingerprint === set.root.fingerprint;
}

function lacksRoots(state: AuthorityState, set: PluggedInSet): boolean {
  const digests = (roots: readonly Certificate[]) =>
    roots
      .map(({ fingerprint }) => fingerprint)
      .sort()
      .join();
  return digests(state.extraRoots) !== digests(extraRootsOf(set));
}

function withRoots(state: AuthorityState, set: PluggedInSet, epoch: number): AuthorityState {
  return { ...state, epoch, extraRoots: extraRootsOf(set), pluggedInDigest: set.digest };
}
