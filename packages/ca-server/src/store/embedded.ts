import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { type DurableFs, errnoOf, writeFileDurably } from "@kasbah/runtime";
import type { Adapter } from "lowdb";
import { StateError } from "../errors.ts";
import { type ControlDocument, parseDocument } from "./control/document.ts";

/** Twenty times the size of the largest state. */
const maxBytes = 8 * 1024 * 1024;

/** The result of reading a file of the control state. */
export type SlotContent =
  | { readonly kind: "missing" }
  | { readonly kind: "damaged" }
  | { readonly kind: "sound"; readonly document: ControlDocument };

/**
 * A file of the control state as lowdb's adapter. Its content is validated, and replaced durably as a whole.
 */
export class DurableSlot implements Adapter<ControlDocument> {
  readonly path: string;
  readonly #fs: DurableFs | undefined;

  constructor(path: string, fs?: DurableFs) {
    this.path = path;
    this.#fs = fs;
  }

  /** For lowdb: null if the file is missing or damaged. */
  async read(): Promise<ControlDocument | null> {
    const content = await this.look();
    return content.kind === "sound" ? content.document : null;
  }

  /** @throws RuntimeError `FILE_NOT_DURABLE` */
  write(document: ControlDocument): Promise<void> {
    const text = `${JSON.stringify(document, undefined, 2)}\n`;
    return writeFileDurably(this.path, text, 0o600, this.#fs);
  }

  /** @throws StateError `STATE_DAMAGED` if the file cannot be read, or if a later release wrote it */
  async look(): Promise<SlotContent> {
    const text = await this.#readText();
    if (text === undefined) return { kind: "missing" };
    const document = parseDocument(text, this.path);
    return document === undefined ? { kind: "damaged" } : { kind: "sound", document };
  }

  async #readText(): Promise<string | undefined> {
    try {
      const handle = await open(this.path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        const stats = await handle.stat();
        return stats.isFile() && stats.size <= maxBytes ? await handle.readFile("utf8") : "";
      } finally {
        await handle.close();
      }
    } catch (cause) {
      const reason = errnoOf(cause) ?? "unexpected failure";
      if (reason === "ENOENT") return undefined;
      // The content of an unreadable file is unknown, and continuing without it could undo a transition.
      throw new StateError("STATE_DAMAGED", `cannot read ${this.path}: ${reason}`, { cause });
    }
  }
}
