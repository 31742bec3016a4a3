import { resumedRightEdge } from "../checkpoints/resume-tree.ts";
import { readTileFile } from "../checkpoints/tile-files.ts";
import { LedgerError } from "../errors.ts";
import type { LedgerDirectory } from "../ledger-directory.ts";
import { notAFile } from "../not-a-file.ts";
import { readRegularFile } from "../regular-file.ts";
import type { Segment } from "../segments/list.ts";
import { type LocatedLine, readLines } from "../segments/reader.ts";
import { type Checkpoint, openCheckpoint } from "../tree/checkpoint.ts";
import { hashLength, leafHash } from "../tree/merkle.ts";
import type { NoteVerifier } from "../tree/note-key.ts";
import { type TileId, tilePath, tileWidth } from "../tree/tile.ts";
import { TileHashes } from "../tree/tile-hashes.ts";
import { type FinishedTile, TileWriter } from "../tree/tile-writer.ts";
import type { Finding, LedgerVerdict } from "./finding.ts";
import { LedgerHistory } from "./history.ts";
import { headFindings, type KnownHead } from "./known-heads.ts";
import { LeafCheck } from "./leaf-check.ts";
import { emptySegments, readableSegments } from "./segment-files.ts";

export interface VerifyOptions {
  readonly directory: LedgerDirectory;
  /** The verifier of the ledger's checkpoints. */
  readonly verifier: NoteVerifier;
  /** An earlier checkpoint that was stored elsewhere, which the ledger must extend. */
  readonly kept?: Checkpoint;
  /** Heads that are known elsewhere. They must be read before this call, because a running CA goes on. */
  readonly heads?: readonly KnownHead[];
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const progressEvery = 4_096;

/** Reads every entry and recomputes the tree, whether the CA is running or stopped. It changes nothing. */
export async function verifyLedger(options: VerifyOptions): Promise<LedgerVerdict> {
  return new Verification(options).run();
}

class Verification {
  readonly #options: VerifyOptions;
  readonly #findings: Finding[] = [];
  readonly #history = new LedgerHistory();
  #tree = TileWriter.empty();
  #signed: Checkpoint | undefined;
  /** The partial tiles of the signed tree. Those on disk are not durable. */
  #edge: ReadonlyMap<string, Uint8Array> = new Map();

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  async run(): Promise<LedgerVerdict> {
    const { verifier } = this.#options;
    // Reads the checkpoint first, so that it never covers entries that a running CA appends from here on.
    this.#signed = await this.#readCheckpoint();
    const signed = this.#signed?.size ?? 0;
    const { segments, findings: unusable } = await readableSegments(this.#options.directory.segments);
    this.#findings.push(...unusable);
    const first = segments[0]?.first ?? 0;
    if (await this.#begin(first)) await this.#readAll(segments, signed);
    await this.#checkKept();
    await this.#checkHeads();
    const { size } = this.#tree;
    if (size < signed) this.#lost(size, signed);
    this.#findings.push(...this.#history.findings(first, signed));
    const notes = this.#history.notes(signed);
    const findings = this.#findings.toSorted((one, other) => place(one) - place(other));
    return { origin: this.#signed?.origin ?? verifier.name, first, size, signed, findings, notes };
  }

  async #readCheckpoint(): Promise<Checkpoint | undefined> {
    const { directory, verifier } = this.#options;
    try {
      return openCheckpoint(await readRegularFile(directory.checkpoint), verifier, verifier.name);
    } catch (error) {
      const missing = notAFile(error);
      if (missing === undefined && !(error instanceof LedgerError)) throw error;
      this.#find({ place: "checkpoint", problem: missing ?? messageOf(error) });
      return undefined;
    }
  }

  /** Resumes the tree where retention has cut it; returns false if the tiles do not allow that. */
  async #begin(first: number): Promise<boolean> {
    try {
      this.#tree = TileWriter.resume(first, await resumedRightEdge(first, (tile) => this.#requireTile(tile)));
      return true;
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#find({ place: "tile", problem: error.message });
      return false;
    }
  }

  async #readAll(segments: readonly Segment[], signed: number): Promise<void> {
    const { directory, onProgress, signal } = this.#options;
    const leaves = new LeafCheck({ path: directory.path, signed, readTile: (tile) => this.#tile(tile) });
    let broken: Finding | undefined;
    for await (const located of this.#lines(segments)) {
      broken ??= this.#gap(located);
      if (broken !== undefined) break;
      await this.#checkRoots(leaves.finding !== undefined);
      this.#history.add(located.index, located.line);
      const leaf = leafHash(located.line);
      await leaves.check(located, leaf);
      const finished = this.#tree.append(leaf);
      if (leaves.finding === undefined) for (const tile of finished) await this.#checkTile(tile);
      if (located.index % progressEvery !== 0) continue;
      signal?.throwIfAborted();
      onProgress?.(located.index, signed);
    }
    if (broken === undefined) await this.#checkRoots(leaves.finding !== undefined);
    for (const finding of [leaves.finding, broken]) if (finding !== undefined) this.#find(finding);
    if (broken === undefined) this.#findings.push(...emptySegments(segments, this.#tree.size));
  }

  async *#lines(segments: readonly Segment[]): AsyncGenerator<LocatedLine, void, undefined> {
    try {
      yield* readLines(segments);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#find({ index: this.#tree.size, place: "segments", problem: error.message });
    }
  }

  /** Segments follow each other without gaps, so lost and added lines show at the end of a segment. */
  #gap({ index, segment }: LocatedLine): Finding | undefined {
    const expected = this.#tree.size;
    if (index === expected) return undefined;
    const problem =
      index > expected
        ? `entries up to ${index - 1} are missing`
        : "it is preceded by more entries than its name says";
    return { index: Math.min(index, expected), place: `segments, before ${segment.first}`, problem };
  }

  /** Compares the root with the signed and the stored checkpoint when the tree reaches their size. */
  async #checkRoots(isBroken: boolean): Promise<void> {
    const { size } = this.#tree;
    if (size === this.#signed?.size && !isBroken) {
      const partial = this.#tree.partialTiles();
      this.#edge = new Map(partial.map(({ id, bytes }) => [tilePath(id), bytes]));
      for (const tile of partial) await this.#checkEdge(tile);
    }
    for (const [what, checkpoint] of [
      ["the checkpoint", this.#signed],
      ["the checkpoint stored elsewhere", this.#options.kept],
    ] as const) {
      if (checkpoint?.size !== size || isBroken) continue;
      if (Buffer.compare(this.#tree.root(), checkpoint.root) === 0) continue;
      this.#find({ place: "checkpoint", problem: `${what} does not match these ${size} entries` });
    }
  }

  /** Before the first stored entry, only tiles contain the older tree. */
  async #checkKept(): Promise<void> {
    const { kept } = this.#options;
    if (kept === undefined || this.#signed === undefined) return;
    if (kept.size > this.#signed.size) {
      const problem = `the checkpoint stored elsewhere covers ${kept.size} entries, but this one covers only ${this.#signed.size}`;
      this.#find({ index: this.#signed.size, place: "checkpoint", problem });
      return;
    }
    const hashes = new TileHashes((tile) => this.#signedTile(tile), this.#signed.size);
    const root = await hashes.rootAt(kept.size).catch((error: unknown) => {
      if (!(error instanceof LedgerError)) throw error;
    });
    if (root !== undefined && Buffer.compare(root, kept.root) === 0) return;
    this.#find({ place: "tile", problem: `the tiles do not match the checkpoint stored elsewhere` });
  }

  async #checkHeads(): Promise<void> {
    const { heads = [] } = this.#options;
    const signed = this.#signed;
    // Without a checkpoint there is a finding already.
    if (signed === undefined) return;
    const hashes = new TileHashes((tile) => this.#signedTile(tile), signed.size);
    const predecessors = this.#history.predecessors(signed.size);
    const hasOpenLoss = this.#history.openLosses(signed.size).length > 0;
    const ledger = { signed, hashes, predecessors, hasOpenLoss };
    this.#findings.push(...(await headFindings(heads, ledger)));
  }

  async #checkTile(tile: FinishedTile): Promise<void> {
    const { level, index } = tile.id;
    const covers = tileWidth ** (level + 1);
    if ((index + 1) * covers > (this.#signed?.size ?? 0)) return;
    const found = await this.#tile(tile.id);
    if (found !== undefined && Buffer.compare(found, tile.bytes) === 0) return;
    const problem = found === undefined ? "is missing" : "does not match its entries";
    this.#find({ index: index * covers, place: tilePath(tile.id), problem });
  }

  /**
   * The right edge contains the hashes of whole subtrees, which show where both entries and lower tiles were
   * replaced.
   */
  async #checkEdge({ id, bytes }: FinishedTile): Promise<void> {
    const found = await this.#tile(id);
    if (found === undefined || Buffer.compare(found, bytes) === 0) return;
    const at = bytes.findIndex((byte, position) => byte !== found[position]);
    const index = (id.index * tileWidth + Math.floor(at / hashLength)) * tileWidth ** id.level;
    this.#find({ index, place: tilePath(id), problem: "does not match its entries" });
  }

  #lost(size: number, signed: number): void {
    const lost = `${signed - size} signed entries are missing at the end`;
    this.#find({ index: size, place: "segments", problem: lost });
  }

  #find(finding: Finding): void {
    this.#findings.push(finding);
  }

  async #signedTile(tile: TileId): Promise<Uint8Array> {
    return this.#edge.get(tilePath(tile)) ?? this.#requireTile(tile);
  }

  #requireTile(tile: TileId): Promise<Uint8Array> {
    return readTileFile(this.#options.directory.path, tile);
  }

  /** Undefined if the tile is missing or has another length, because a running CA replaces partial tiles. */
  async #tile(tile: TileId): Promise<Uint8Array | undefined> {
    return this.#requireTile(tile).catch((error: unknown) => {
      if (!(error instanceof LedgerError)) throw error;
      return undefined;
    });
  }
}

/** Findings without an entry come last. */
const place = ({ index = Number.POSITIVE_INFINITY }: Finding) => index;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
