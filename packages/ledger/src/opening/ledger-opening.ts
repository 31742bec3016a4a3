import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { OperatorEntry } from "../entry/entry.ts";
import {
  anchoredAct,
  formerlyPrunedAct,
  gapAct,
  ledgerAct,
  missingAct,
  tailAct,
} from "../entry/ledger-act.ts";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { listSegments } from "../segments/list.ts";
import { openCheckpoint } from "../tree/checkpoint.ts";
import type { NoteVerifier } from "../tree/note-key.ts";
import type { AnchorStore, LedgerAnchor, LedgerHeadName, LedgerLoss } from "./anchor.ts";
import type { CopiedAnchor } from "./checkpoint-copy.ts";
import { headOfNote } from "./checkpoint-target.ts";
import { lastEvidence, moveAside } from "./evidence.ts";
import { findLoss, type Judgement } from "./find-loss.ts";
import { firstLossOf, isFormerLedger } from "./first-entry.ts";
import { findMissingPast, type MissingPast } from "./missing-past.ts";
import { openLossOf } from "./open-loss.ts";
import { storedParts } from "./stored-parts.ts";

export interface LedgerOpeningDeps {
  readonly directory: LedgerDirectory;
  /** The verifier of the stored key; undefined if the key is missing or damaged. */
  readonly readVerifier: () => Promise<NoteVerifier | undefined>;
  readonly anchors: Pick<AnchorStore, "find" | "lastIssued">;
  /** The head that was copied elsewhere; undefined if there is none. */
  readonly readCopy?: () => Promise<CopiedAnchor | undefined>;
  /** Refuse to start instead of beginning a new ledger. */
  readonly strict: boolean;
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Judged extends Judgement {
  /** What a copy that this ledger's key did not sign says against a ledger that its anchor confirms. */
  readonly elsewhere?: string;
}

/**
 * Runs before anything writes to the ledger. A ledger that is less than its anchor, or that has no checkpoint,
 * is moved aside; a new one begins with an entry that names the lost one.
 */
export class LedgerOpening implements Component {
  readonly name = "ledger opening";
  readonly #deps: LedgerOpeningDeps;
  #loss: LedgerLoss | undefined;
  #follows: LedgerHeadName | undefined;
  #pending: OperatorEntry[] = [];

  constructor(deps: LedgerOpeningDeps) {
    this.#deps = deps;
  }

  /** The loss that no operator has accepted yet. */
  get loss(): LedgerLoss | undefined {
    return this.#loss;
  }

  /** The last known head of the lost ledger that this one replaced. */
  get follows(): LedgerHeadName | undefined {
    return this.#follows;
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
    const { readVerifier, clock } = this.#deps;
    const verifier = await readVerifier();
    const judgement = await this.#judge(verifier);
    if (judgement.loss !== undefined) return this.#begin(judgement.loss, judgement.anchor, verifier);
    const { anchor } = judgement;
    const isAnchored = anchor !== undefined && anchor.origin === verifier?.name;
    const missing = await this.#findMissing(judgement, isAnchored);
    const now = clock.now();
    this.#follows = isAnchored ? anchor.follows : anchor && headNameOf(anchor);
    this.#loss = await this.#openLoss(judgement, isAnchored);
    if (missing?.isOld === false) this.#loss = withFound(this.#loss, describeMissing(missing), now);
    if (judgement.elsewhere !== undefined) this.#loss = withFound(this.#loss, judgement.elsewhere, now);
    if (this.#loss !== undefined) this.#report(this.#loss);
    this.#pending = await this.#openingEntries(judgement, missing, now);
  }

  async stop(): Promise<void> {
    // Nothing runs.
  }

  /** The copied head counts as well: it is out of reach of someone who can write the state directory. */
  async #judge(verifier: NoteVerifier | undefined): Promise<Judged> {
    const { directory, anchors, readCopy, strict } = this.#deps;
    const isFormer = await isFormerLedger(directory);
    const judgement = await findLoss({ directory, verifier, anchors, isFormer });
    const copy = await readCopy?.().catch((error: unknown) => {
      this.#deps.logger.warn("cannot read the copied checkpoint of the ledger; the CA starts without it", {
        error,
      });
    });
    if (copy === undefined) return judgement;
    if (judgement.loss !== undefined) return { ...judgement, anchor: judgement.anchor ?? copy };
    const copied = { find: () => copy, lastIssued: anchors.lastIssued };
    const other = await findLoss({ directory, verifier, anchors: copied, isFormer });
    if (other.loss === undefined) return judgement;
    const isAnchored = verifier !== undefined && judgement.anchor?.origin === verifier.name;
    if (!isAnchored || isSigned(copy, verifier)) return other;
    // The copy alone contradicts the ledger, and could be forged: that is no reason to begin another ledger.
    const elsewhere = `${copy.time} is not a checkpoint of this ledger: it names ${copy.size} entries of ${copy.origin}`;
    if (strict) throw refusal(directory, elsewhere);
    return { ...judgement, elsewhere };
  }

  /**
   * The anchor decides what is accepted. Without an anchor, the entries do; but if the anchor still names the
   * ledger before, a crash interrupted its replacement, or someone has written an acceptance into a ledger of
   * their own.
   */
  async #openLoss({ anchor, signed }: Judgement, isAnchored: boolean): Promise<LedgerLoss | undefined> {
    const { directory } = this.#deps;
    if (isAnchored) return anchor?.loss;
    return anchor === undefined ? openLossOf(directory, signed) : firstLossOf(directory);
  }

  /** @throws LedgerError `LEDGER_DAMAGED` if the CA must not start without the missing entries */
  async #findMissing({ anchor, signed }: Judgement, isAnchored: boolean): Promise<MissingPast | undefined> {
    const { directory, strict, retentionMs, clock } = this.#deps;
    const anchoredFirst = (isAnchored ? anchor?.first : undefined) ?? 0;
    const now = clock.now();
    const missing = await findMissingPast(directory, { signed, anchoredFirst }, { retentionMs, now });
    if (missing?.isOld === false && strict) throw refusal(directory, describeMissing(missing));
    return missing;
  }

  async #begin(
    found: string,
    anchor: LedgerAnchor | undefined,
    verifier: NoteVerifier | undefined,
  ): Promise<void> {
    const { directory, strict, clock } = this.#deps;
    if (strict) throw refusal(directory, found);
    const now = clock.now();
    const isNewKey = verifier !== undefined && verifier.name !== anchor?.origin;
    const evidence = await this.#setAside(now, isNewKey);
    this.#loss = { time: now.toISOString(), found, evidence };
    this.#follows = anchor && headNameOf(anchor);
    const last = anchor && {
      lastOrigin: anchor.origin,
      lastSize: anchor.size,
      lastRoot: anchor.root,
      lastTime: anchor.time,
    };
    this.#pending = [ledgerAct(gapAct, { found, evidence, ...last }, now)];
    this.#report(this.#loss);
  }

  /** An empty directory is no evidence, and neither is what an interrupted start has created. */
  async #setAside(now: Date, isNewKey: boolean): Promise<string> {
    const { directory } = this.#deps;
    const { hasEntries, hasTiles, hasKey, checkpoint } = await storedParts(directory);
    const hasHead = checkpoint !== undefined && headOfNote(checkpoint)?.size !== 0;
    const before = await lastEvidence(directory);
    const isLeftover = !hasKey || (isNewKey && before !== "");
    return hasEntries || hasTiles || hasHead || !isLeftover ? moveAside(directory, now) : before;
  }

  #report({ found, evidence }: LedgerLoss): void {
    this.#deps.logger.error("the ledger was lost, or a part of it", {
      code: "LEDGER_LOST",
      found,
      evidence,
      fix: "examine what is left, then run kasbah audit accept-loss --reason …",
    });
  }

  async #openingEntries(
    { anchor, signed, size }: Judgement,
    missing: MissingPast | undefined,
    now: Date,
  ): Promise<OperatorEntry[]> {
    const entries = size > signed ? [ledgerAct(tailAct, { first: signed, entries: size - signed }, now)] : [];
    if (missing !== undefined) {
      const { from, first, isOld } = missing;
      // Earlier releases removed old segments without an entry about it.
      entries.unshift(ledgerAct(isOld ? formerlyPrunedAct : missingAct, { from, first }, now));
    }
    const [oldest] = await listSegments(this.#deps.directory.segments);
    if (anchor === undefined && oldest !== undefined && oldest.bytes > 0)
      entries.unshift(ledgerAct(anchoredAct, { first: 0, signed, entries: size }, now));
    return entries;
  }
}

function headNameOf({ origin, size, root }: LedgerAnchor): LedgerHeadName {
  return { origin, size, root };
}

function isSigned({ note }: CopiedAnchor, verifier: NoteVerifier): boolean {
  try {
    openCheckpoint(note, verifier, verifier.name);
    return true;
  } catch (error) {
    if (error instanceof LedgerError) return false;
    throw error;
  }
}

function withFound(open: LedgerLoss | undefined, found: string, now: Date): LedgerLoss {
  if (open === undefined) return { time: now.toISOString(), found, evidence: "" };
  return { ...open, found: `${open.found}; ${found}` };
}

function describeMissing({ from, first }: MissingPast): string {
  return `entries ${from} to ${first - 1} are missing, although they are younger than the retention period`;
}

function refusal({ path }: LedgerDirectory, found: string): LedgerError {
  const fix =
    "restore the directory from a copy, or start once without --strict-ledger to keep it as evidence and begin a new ledger";
  return new LedgerError("LEDGER_DAMAGED", `${path}: ${found}: ${fix}`);
}
