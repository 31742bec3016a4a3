import { readFile } from "node:fs/promises";
import { errnoOf, writeFileDurably } from "@kasbah/runtime";
import type { Adapter } from "lowdb";
import { CliError } from "../../errors.ts";
import { type DevDocument, documentVersion, documentVersionOf, parseDevDocument } from "./document.ts";

/** `dev.json` as lowdb's adapter: validated when it is read, and replaced durably as a whole. */
export class DevJsonFile implements Adapter<DevDocument> {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Null if the file is missing. @throws CliError `DEV_FOLDER_UNUSABLE` */
  async read(): Promise<DevDocument | null> {
    const text = await this.#readText();
    if (text === undefined) return null;
    const value = this.#parse(text);
    const version = documentVersionOf(value);
    if (version !== undefined && version !== documentVersion) {
      throw new CliError(
        "DEV_FOLDER_UNUSABLE",
        `${this.#path} has format ${version}, and this release of kasbah reads format ${documentVersion}: use the release that wrote it, or choose another folder with --dir`,
      );
    }
    try {
      return parseDevDocument(value);
    } catch (cause) {
      throw this.#damaged(cause);
    }
  }

  /** @throws RuntimeError `FILE_NOT_DURABLE` */
  write(document: DevDocument): Promise<void> {
    return writeFileDurably(this.#path, `${JSON.stringify(document, undefined, 2)}\n`, 0o600);
  }

  #parse(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw this.#damaged(cause);
    }
  }

  async #readText(): Promise<string | undefined> {
    try {
      return await readFile(this.#path, "utf8");
    } catch (cause) {
      if (errnoOf(cause) === "ENOENT") return undefined;
      throw new CliError("DEV_FOLDER_UNUSABLE", `cannot read ${this.#path}: ${errnoOf(cause)}`, { cause });
    }
  }

  #damaged(cause: unknown): CliError {
    return new CliError(
      "DEV_FOLDER_UNUSABLE",
      `${this.#path} is damaged: stop the CA of this folder and delete the folder to start over`,
      { cause },
    );
  }
}
