import { parseEntry, type RefusedEntry } from "@kasbah/ledger";
import { CaError } from "../errors.ts";
import { Decisions } from "./decisions.ts";

/** A ledger in memory, for tests of its callers. */
export class MemoryLedger {
  /** The entries of authenticated callers. */
  readonly entries: ReturnType<typeof parseEntry>[] = [];
  readonly unauthenticated: RefusedEntry[] = [];
  isDown = false;
  readonly log = this.#log();
  readonly decisions = new Decisions({
    log: this.log,
    limit: { take: () => true },
    unauthenticated: { add: (entry) => void this.unauthenticated.push(entry), count: () => undefined },
  });

  #log() {
    const isUp = () => !this.isDown;
    return {
      get writable() {
        return isUp();
      },
      makeRoom: async () => undefined,
      append: async (entry: Uint8Array) => {
        if (this.isDown)
          throw new CaError("LEDGER_UNAVAILABLE", "no space left", { cause: new Error("ENOSPC") });
        this.entries.push(parseEntry(entry));
      },
    };
  }
}
