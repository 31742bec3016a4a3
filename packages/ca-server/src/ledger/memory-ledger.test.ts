import { CaError } from "../errors.ts";
import { Decisions } from "./decisions.ts";
import type { RefusedEntry } from "./entry.ts";
import { parseEntry } from "./parse-entry.ts";

/** A ledger that forgets all with its process, for tests of what is around it. */
export class MemoryLedger {
  /** Of callers that were known. */
  readonly entries: ReturnType<typeof parseEntry>[] = [];
  readonly strangers: RefusedEntry[] = [];
  isDown = false;
  readonly decisions = new Decisions({
    log: {
      append: async (entry) => {
        if (this.isDown)
          throw new CaError("LEDGER_UNAVAILABLE", "no space left", { cause: new Error("ENOSPC") });
        this.entries.push(parseEntry(entry));
      },
    },
    strangers: { add: (entry) => void this.strangers.push(entry) },
  });
}
