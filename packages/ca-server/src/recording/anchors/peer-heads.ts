import type { Component, Logger, Sweep } from "@kasbah/runtime";
import type { LedgerHead } from "../../authorities/rotation/authority-state.ts";

export interface PeerHeadsDeps {
  /** The recorded heads of all replicas. */
  readonly heads: () => readonly LedgerHead[];
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/**
 * Remembers the heads of all replicas that share the control state, and reports one that goes back or becomes
 * another ledger: its volume was rewritten, even with the ledger's key.
 */
export class PeerHeads implements Component {
  readonly name = "peer heads";
  readonly #deps: PeerHeadsDeps;
  readonly #seen = new Map<string, LedgerHead>();
  #sweeping: { stop(): void } | undefined;

  constructor(deps: PeerHeadsDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#look();
    this.#sweeping = this.#deps.sweep(() => this.#look());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
  }

  #look(): void {
    for (const head of this.#deps.heads()) {
      const before = this.#seen.get(head.holder);
      this.#seen.set(head.holder, head);
      if (before === undefined || extendsHead(head, before)) continue;
      this.#deps.logger.error("the ledger of a replica was replaced or went back", {
        code: "LEDGER_LOST",
        volume: head.holder,
        before: `${before.size} entries of ${before.origin}`,
        now: `${head.size} entries of ${head.origin}`,
        fix: "run kasbah audit verify on that replica",
      });
    }
  }
}

function extendsHead(head: LedgerHead, before: LedgerHead): boolean {
  if (head.origin !== before.origin || head.size < before.size) return false;
  return head.size > before.size || head.root === before.root;
}
