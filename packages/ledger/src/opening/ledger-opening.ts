import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { OperatorEntry } from "../entry/entry.ts";
import { anchoredAct, gapAct, ledgerAct, tailAct } from "../entry/ledger-act.ts";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import type { NoteVerifier } from "../tree/note-key.ts";
import type { AnchorStore, LedgerAnchor, LedgerLoss } from "./anchor.ts";
import { lastEvidence, moveAside } from "./evidence.ts";
import { findLoss, type Judgement } from "./find-loss.ts";
import { isFormerLedger, openLossOf } from "./first-entry.ts";
import { missingPast } from "./missing-past.ts";
import { storedParts } from "./stored-parts.ts";

export interface LedgerOpeningDeps {
  readonly directory: LedgerDirectory;
  /** The verifier of the stored key; undefined if the key is missing or damaged. */
  readonly readVerifier: () => Promise<NoteVerifier | undefined>;
  readonly anchors: Pick<AnchorStore, "find" | "lastIssued">;
  /** The head that was copied elsewhere; undefined if there is none. */
  readonly readCopy?: () => Promise<LedgerAnchor | undefined>;
  /** Refuse to start instead of beginning a new ledger. */
  readonly strict: boolean;
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Runs before anything writes to the ledger. A ledger that is less than its anchor, or that has no checkpoint,
 * is moved aside; a new one begins with an entry that names the lost one.
 */
export class LedgerOpening implements Component {
  readonly name = "ledger opening";
  readonly #deps: LedgerOpeningDeps;
  #loss: LedgerLoss | undefined;
  #pending: OperatorEntry[] = [];

  constructor(deps: LedgerOpeningDeps) {
    this.#deps = deps;
  }

  /** The loss that no operator has accepted yet. */
  get loss(): LedgerLoss | undefined {
    return this.#loss;
  }

  /** Entries that must be in the ledger before its next checkpoint. */
  get pending(): readonly OperatorEntry[] {
    return this.#pending;
  }

  recorded(entry: OperatorEntry): void {
    this.#pending = this.#pending.filter((each) => each !== entry);
  }

  accepted(): void {
    this.#loss = undefined;
  }

  /** @throws LedgerError `LEDGER_DAMAGED` if the ledger was lost and the CA must not start without it */
  async start(): Promise<void> {
    const { directory, readVerifier } = this.#deps;
    const verifier = await readVerifier();
    const judgement = await this.#judge(verifier);
    if (judgement.loss !== undefined) return this.#begin(judgement.loss, judgement.anchor);
    const { anchor } = judgement;
    const isAnchored = anchor !== undefined && anchor.origin === verifier?.name;
    this.#loss = isAnchored ? anchor.loss : await openLossOf(directory);
    if (this.#loss !== undefined) this.#report(this.#loss);
    this.#pending = await this.#openingEntries(judgement);
  }

  async stop(): Promise<void> {
    // Nothing runs.
  }

  /** The copied head counts as well: it is out of reach of someone who can write the state directory. */
  async #judge(verifier: NoteVerifier | undefined): Promise<Judgement> {
    const { directory, anchors, readCopy } = this.#deps;
    const isFormer = await isFormerLedger(directory);
    const judgement = await findLoss({ directory, verifier, anchors, isFormer });
    const copy = await readCopy?.();
    if (copy === undefined) return judgement;
    if (judgement.loss !== undefined) return { ...judgement, anchor: judgement.anchor ?? copy };
    const copied = { find: () => copy, lastIssued: anchors.lastIssued };
    const other = await findLoss({ directory, verifier, anchors: copied, isFormer });
    return other.loss === undefined ? judgement : other;
  }

  async #begin(found: string, anchor: LedgerAnchor | undefined): Promise<void> {
    const { directory, strict, clock } = this.#deps;
    if (strict) throw refusal(directory, found);
    const now = clock.now();
    const evidence = await this.#setAside(now);
    this.#loss = { time: now.toISOString(), found, evidence };
    const last = anchor && {
      lastOrigin: anchor.origin,
      lastSize: anchor.size,
      lastRoot: anchor.root,
      lastTime: anchor.time,
    };
    this.#pending = [ledgerAct(gapAct, { found, evidence, ...last }, now)];
    this.#report(this.#loss);
  }

  /** An empty directory is no evidence. */
  async #setAside(now: Date): Promise<string> {
    const { directory } = this.#deps;
    return (await hasAnything(directory)) ? moveAside(directory, now) : lastEvidence(directory);
  }

  #report({ found, evidence }: LedgerLoss): void {
    this.#deps.logger.error("the ledger was lost; a new one has begun", {
      code: "LEDGER_LOST",
      found,
      evidence,
      fix: "examine the evidence, then run kasbah audit accept-loss",
    });
  }

  async #openingEntries({ anchor, signed, size }: Judgement): Promise<OperatorEntry[]> {
    const { directory, clock, retentionMs } = this.#deps;
    const now = clock.now();
    const tail = size > signed ? [ledgerAct(tailAct, { first: signed, entries: size - signed }, now)] : [];
    const [oldest] = await listSegments(directory.segments);
    if (anchor !== undefined || oldest === undefined || oldest.bytes === 0) return tail;
    // Earlier releases removed old segments without an entry about it.
    const first = (await missingPast(oldest, retentionMs, now)) === "young" ? 0 : oldest.first;
    return [ledgerAct(anchoredAct, { first, signed, entries: size }, now), ...tail];
  }
}

async function hasAnything(directory: LedgerDirectory): Promise<boolean> {
  const { hasEntries, hasTiles, hasKey, checkpoint } = await storedParts(directory);
  return hasEntries || hasTiles || hasKey || checkpoint !== undefined;
}

function refusal({ path }: LedgerDirectory, found: string): LedgerError {
  const fix =
    "restore the directory from a copy, or start once without --strict-ledger to keep it as evidence and begin a new ledger";
  return new LedgerError("LEDGER_DAMAGED", `${path}: ${found}: ${fix}`);
}
