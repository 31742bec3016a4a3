import type { Clock, Component, Logger, Sweep } from "@kasbah/runtime";
import { formatBase64 } from "../tree/base64.ts";
import type { Checkpoint } from "../tree/checkpoint.ts";
import type { AnchorStore, LedgerAnchor } from "./anchor.ts";
import type { LedgerOpening } from "./ledger-opening.ts";

export interface AnchorWriterDeps {
  readonly tree: {
    readonly head: Checkpoint | undefined;
    publish(): Promise<void>;
    settled(): Promise<void>;
  };
  readonly opening: Pick<LedgerOpening, "loss" | "follows">;
  /** Returns the index of the first stored entry. */
  readonly readFirst: () => Promise<number>;
  readonly anchors: AnchorStore;
  /** When to write, which must be rare: the cost of a certificate does not grow. */
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes the head of the tree to where a writer of the ledger's directory alone cannot change it: when the CA
 * starts and stops, and every few minutes in which the tree grew. An anchor that lags behind is safe.
 */
export class AnchorWriter implements Component {
  readonly name = "ledger anchor";
  readonly #deps: AnchorWriterDeps;
  #sweeping: { stop(): void } | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(deps: AnchorWriterDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    await this.#deps.tree.settled();
    await this.writeNow();
    this.#sweeping = this.#deps.sweep(() => void this.writeNow());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#deps.tree.publish();
    await this.writeNow();
  }

  /** Writes the head unless it is already written. A failure is logged, and the next call retries it. */
  writeNow(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { tree, anchors, opening, readFirst, clock, logger } = this.#deps;
    const { head } = tree;
    if (head === undefined) return;
    try {
      const anchor = {
        ...anchorOf(head, clock.now()),
        ...withDefined({
          first: (await readFirst()) || undefined,
          loss: opening.loss,
          follows: opening.follows,
        }),
      };
      if (isSame(anchors.find(head.origin), anchor)) return;
      await anchors.write(anchor);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) logger.warn("cannot write the anchor of the ledger", { error });
      this.#isFailing = true;
    }
  }
}

function anchorOf({ origin, size, root }: Checkpoint, now: Date): LedgerAnchor {
  return { origin, size, root: formatBase64(root), time: now.toISOString() };
}

function withDefined(fields: Pick<LedgerAnchor, "first" | "loss" | "follows">): typeof fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function isSame(stored: LedgerAnchor | undefined, next: LedgerAnchor): boolean {
  return (
    stored?.origin === next.origin &&
    stored.size === next.size &&
    stored.root === next.root &&
    stored.first === next.first &&
    stored.follows?.origin === next.follows?.origin &&
    stored.loss?.time === next.loss?.time &&
    stored.loss?.found === next.loss?.found
  );
}
