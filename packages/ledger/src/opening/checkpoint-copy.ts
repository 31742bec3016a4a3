import type { Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerAnchor } from "./anchor.ts";
import { type CheckpointTarget, headOfNote } from "./checkpoint-target.ts";

export interface CheckpointCopyDeps {
  readonly target: CheckpointTarget;
  readonly tree: { readonly note: string | undefined; settled(): Promise<void> };
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/** Copies the last checkpoint elsewhere. It keeps the copy of another log, or of a longer one, under another name. */
export class CheckpointCopy implements Component {
  readonly name = "checkpoint copy";
  readonly #deps: CheckpointCopyDeps;
  #copied: string | undefined;
  #sweeping: { stop(): void } | undefined;
  #copying: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(deps: CheckpointCopyDeps) {
    this.#deps = deps;
  }

  /** Does not wait for the copy: its place may be unreachable, and the CA starts without it. */
  async start(): Promise<void> {
    await this.#deps.tree.settled();
    void this.copyNow();
    this.#sweeping = this.#deps.sweep(() => void this.copyNow());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.copyNow();
  }

  copyNow(): Promise<void> {
    this.#copying = this.#copying.then(() => this.#copy());
    return this.#copying;
  }

  async #copy(): Promise<void> {
    const { target, tree, logger } = this.#deps;
    const { note } = tree;
    if (note === undefined || note === this.#copied) return;
    try {
      await target.replace(note, (found) => this.#mustKeep(found, note));
      this.#copied = note;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        logger.warn("cannot copy the checkpoint of the ledger", { to: target.name, error });
      this.#isFailing = true;
    }
  }

  #mustKeep(found: string, note: string): boolean {
    if (found === this.#copied) return false;
    const [before, next] = [headOfNote(found), headOfNote(note)];
    if (before !== undefined && before.origin === next?.origin && before.size <= next.size) return false;
    this.#deps.logger.error(
      "the copied checkpoint belongs to another ledger, or to a longer one; it is kept",
      {
        code: "LEDGER_LOST",
        in: this.#deps.target.name,
        found: before === undefined ? "no checkpoint" : `${before.size} entries of ${before.origin}`,
        fix: "run kasbah audit verify",
      },
    );
    return true;
  }
}

/** A copied checkpoint, which anyone who can write its place may have forged. */
export interface CopiedAnchor extends LedgerAnchor {
  readonly note: string;
}

/** The copied checkpoint as an anchor; undefined if there is none. */
export async function anchorOfCopy(
  target: Pick<CheckpointTarget, "read" | "name">,
): Promise<CopiedAnchor | undefined> {
  const note = await target.read();
  const head = note === undefined ? undefined : headOfNote(note);
  return head && note !== undefined ? { ...head, time: `the last copy to ${target.name}`, note } : undefined;
}
