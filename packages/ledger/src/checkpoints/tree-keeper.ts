import { type Component, errnoOf, type Logger, type Sweep, writeFileDurably } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import type { EntryLines, EntryTree } from "../ports.ts";
import { readRegularFile } from "../regular-file.ts";
import { type Checkpoint, openCheckpoint, signCheckpoint } from "../tree/checkpoint.ts";
import { leafHash } from "../tree/merkle.ts";
import type { NoteKey } from "../tree/note-key.ts";
import { type FinishedTile, TileWriter } from "../tree/tile-writer.ts";
import { resumeTree } from "./resume-tree.ts";
import { PartialTiles, readTileFile, writeTileDurably } from "./tile-files.ts";

export interface TreeKeeperDeps {
  readonly directory: LedgerDirectory;
  /** Opens the key. `isInUse` says whether a checkpoint was signed before. */
  readonly openKey: (isInUse: boolean) => Promise<NoteKey>;
  /** Returns the lines that are stored when the CA starts. */
  readonly lines: () => Promise<EntryLines>;
  /** The number of entries that the log continues after. The default is what `lines` returns. */
  readonly storedSize?: () => number;
  /** Appends the entries that must precede the next checkpoint. */
  readonly beforeSigning?: () => Promise<void>;
  /** Runs each second. */
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/** Maintains the Merkle tree over the entries and signs its head in every second in which it grew. */
export class TreeKeeper implements EntryTree, Component {
  readonly name = "ledger tree";
  readonly #deps: TreeKeeperDeps;
  readonly #partials: PartialTiles;
  #key: NoteKey | undefined;
  #tree = TileWriter.empty();
  #finished: FinishedTile[] = [];
  #signedSize = 0;
  #head: Checkpoint | undefined;
  #note: string | undefined;
  #sweeping: { stop(): void } | undefined;
  #publishing: Promise<void> = Promise.resolve();
  #isFailing = false;

  constructor(deps: TreeKeeperDeps) {
    this.#deps = deps;
    this.#partials = new PartialTiles(deps.directory.path);
  }

  get signedSize(): number {
    return this.#signedSize;
  }

  /** The last checkpoint; undefined before the start. */
  get head(): Checkpoint | undefined {
    return this.#head;
  }

  /** The last checkpoint with its signature. */
  get note(): string | undefined {
    return this.#note;
  }

  /** Resumes the tree at the last entry. @throws LedgerError `LEDGER_DAMAGED`, with instructions */
  async start(): Promise<void> {
    const { directory, openKey } = this.#deps;
    const note = await readNote(directory.checkpoint);
    this.#key = await openKey(note !== undefined);
    const { verifier } = this.#key;
    // A ledger without a checkpoint looks like a loss, so it is signed while it is empty, before it has tiles.
    if (note === undefined) await this.publish();
    else this.#note = note;
    try {
      if (note !== undefined) this.#head = openCheckpoint(note, verifier, verifier.name);
      this.#tree = await this.#resume(this.#head);
      requireStored(this.#tree.size, this.#deps.storedSize?.());
      this.#signedSize = this.#head?.size ?? 0;
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause;
      throw withFix(directory, cause);
    }
    // The first entries come before those of other components. On a full disk, the next sweep appends them.
    await this.#deps.beforeSigning?.().catch(() => undefined);
    void this.publish();
    this.#sweeping = this.#deps.sweep(() => void this.publish());
  }

  /** Signs the entries that are not signed yet. */
  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.publish();
  }

  /** Resolves when the pending writes are done. */
  settled(): Promise<void> {
    return this.#publishing;
  }

  add(entries: readonly Uint8Array[]): void {
    for (const entry of entries) this.#finished.push(...this.#tree.append(leafHash(entry)));
  }

  async #resume(checkpoint: Checkpoint | undefined): Promise<TileWriter> {
    const { directory, lines } = this.#deps;
    const { path } = directory;
    return resumeTree({
      lines: await lines(),
      checkpoint,
      readTile: (tile) => readTileFile(path, tile),
      onTile: (tile) => writeTileDurably(path, tile),
    });
  }

  /** Signs the entries that are not signed yet, immediately. */
  publish(): Promise<void> {
    this.#publishing = this.#publishing.then(() => this.#publish());
    return this.#publishing;
  }

  /**
   * Writes tiles first, because a checkpoint depends on durable ones. A failed write is retried in the next
   * second.
   */
  async #publish(): Promise<void> {
    const key = this.#key;
    // A new ledger is signed when it is empty, so that a ledger without a checkpoint is never a new one.
    if (key === undefined || (this.#head !== undefined && this.#tree.size === this.#signedSize)) return;
    const { logger } = this.#deps;
    let finished: readonly FinishedTile[] = [];
    try {
      if (this.#head !== undefined) await this.#deps.beforeSigning?.();
      const { name: origin } = key.verifier;
      const head = { origin, size: this.#tree.size, root: this.#tree.root() };
      const partials = this.#tree.partialTiles();
      finished = this.#finished.splice(0);
      await this.#write(head, signCheckpoint(head, key), { finished, partials });
      this.#isFailing = false;
    } catch (error) {
      this.#finished.unshift(...finished);
      // The entries are durable; only their signature is missing.
      if (!this.#isFailing) logger.warn("cannot write the checkpoint of the ledger", { error });
      this.#isFailing = true;
    }
  }

  async #write(
    head: Checkpoint,
    note: string,
    { finished, partials }: Record<"finished" | "partials", readonly FinishedTile[]>,
  ): Promise<void> {
    const { directory } = this.#deps;
    for (const tile of finished) await writeTileDurably(directory.path, tile);
    await this.#partials.replace(partials);
    await writeFileDurably(directory.checkpoint, note, 0o600);
    this.#signedSize = head.size;
    this.#head = head;
    this.#note = note;
  }
}

/** The log continues after its last line; a tree with another size would not match what it writes. */
function requireStored(size: number, stored: number | undefined): void {
  if (stored === undefined || stored === size) return;
  const problem = `its segments end at entry ${stored}, but its checkpoint and tiles at ${size}`;
  throw new LedgerError("LEDGER_DAMAGED", `the ledger is damaged: ${problem}`);
}

async function readNote(path: string): Promise<string | undefined> {
  try {
    return (await readRegularFile(path)).toString();
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function withFix({ path }: LedgerDirectory, cause: LedgerError): LedgerError {
  const fix =
    "run kasbah audit verify to find the damage; then restore the directory from a backup, or move it aside for auditors to start a new ledger";
  return new LedgerError("LEDGER_DAMAGED", `${path}: ${cause.message}: ${fix}`, { cause });
}
