import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf, type Logger, writeFileDurably } from "@kasbah/runtime";
import { z } from "zod";
import type { LedgerHead } from "../../../authorities/rotation/authority-state.ts";
import type { EarlierHead } from "./earlier-heads.ts";

/** The file in the directory of the control state. */
export function peerMemoryPath(control: string): string {
  return join(control, "peer-ledgers.json");
}

const headName = z.object({ origin: z.string(), size: z.int().min(0), root: z.string() });
const head = headName.extend({
  holder: z.string(),
  time: z.string(),
  place: z.string().optional(),
  follows: headName.optional(),
});
const peerLoss = z.object({ replica: z.string(), time: z.string(), found: z.string() });
const earlierHead = head.extend({ seen: z.iso.datetime() });
// Earlier releases kept only the last head of each replica.
const memory = z.object({
  heads: z.array(head),
  earlier: z.array(earlierHead).default([]),
  losses: z.array(peerLoss),
});

/** A ledger of another replica that went back or was replaced, until an operator accepts it. */
export type PeerLoss = Readonly<z.infer<typeof peerLoss>>;

/** What a replica remembers about the ledgers of the others. */
export interface PeerMemory {
  /** The last head of each replica. */
  readonly heads: readonly LedgerHead[];
  /** Some heads that the last ones should extend. */
  readonly earlier: readonly EarlierHead[];
  readonly losses: readonly PeerLoss[];
}

const nothing: PeerMemory = { heads: [], earlier: [], losses: [] };

/** Keeps a {@link PeerMemory} in a file of this replica, where someone who can write the shared state cannot change it. */
export class PeerMemoryFile {
  readonly #path: string;
  readonly #logger: Logger;

  constructor(path: string, logger: Logger) {
    this.#path = path;
    this.#logger = logger;
  }

  async read(): Promise<PeerMemory> {
    try {
      return memory.parse(JSON.parse(await readFile(this.#path, "utf8")));
    } catch (error) {
      const isDamaged = error instanceof SyntaxError || error instanceof z.ZodError;
      if (!isDamaged && errnoOf(error) !== "ENOENT" && errnoOf(error) !== "ENOTDIR") throw error;
      if (isDamaged) this.#logger.warn("cannot read what is known about other ledgers", { path: this.#path });
      return nothing;
    }
  }

  write(known: PeerMemory): Promise<void> {
    return writeFileDurably(this.#path, `${JSON.stringify(memory.parse(known))}\n`, 0o600);
  }
}
