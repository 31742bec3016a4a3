import { rename } from "node:fs/promises";
import { type Component, errnoOf, type Logger, type Sweep, writeFileDurably } from "@kasbah/runtime";
import { LedgerError } from "../errors.ts";
import { readRegularFile } from "../regular-file.ts";
import { formatBase64 } from "../tree/base64.ts";
import { type Checkpoint, parseCheckpoint } from "../tree/checkpoint.ts";
import type { LedgerAnchor } from "./anchor.ts";

export interface CheckpointCopyDeps {
  readonly path: string;
  readonly tree: { readonly note: string | undefined; settled(): Promise<void> };
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/** Copies the last checkpoint to a file elsewhere. It never replaces the copy of another log or of a longer one. */
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

  async start(): Promise<void> {
    await this.#deps.tree.settled();
    await this.copyNow();
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
    const { path, tree, logger } = this.#deps;
    const { note } = tree;
    if (note === undefined || note === this.#copied) return;
    try {
      if (this.#copied === undefined) await keepOther(path, note);
      await writeFileDurably(path, note, 0o644);
      this.#copied = note;
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) logger.warn("cannot copy the checkpoint of the ledger", { path, error });
      this.#isFailing = true;
    }
  }
}

/** The copied checkpoint as an anchor; undefined if there is none. Its signature does not matter: it only raises an alarm. */
export async function anchorOfCopy(path: string): Promise<LedgerAnchor | undefined> {
  const found = await readCopy(path);
  if (found === undefined) return undefined;
  const { origin, size, root } = found;
  return { origin, size, root: formatBase64(root), time: "the copied checkpoint" };
}

async function keepOther(path: string, note: string): Promise<void> {
  const [found, next] = [await readCopy(path), textOf(note)];
  if (found === undefined || (found.origin === next.origin && found.size <= next.size)) return;
  await rename(path, `${path}.${found.origin.split("/").at(-1)}.${found.size}`);
}

async function readCopy(path: string): Promise<Checkpoint | undefined> {
  try {
    return textOf((await readRegularFile(path)).toString());
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || error instanceof LedgerError) return undefined;
    throw error;
  }
}

function textOf(note: string): Checkpoint {
  return parseCheckpoint(note.slice(0, note.lastIndexOf("\n\n") + 1));
}
