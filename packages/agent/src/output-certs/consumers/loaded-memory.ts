import { join } from "node:path";
import { type Logger, OncePerReason, writeFileDurably } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import type { FilesChange } from "./consumer.ts";

/** What an application loaded last. */
export type LoadedChange = Pick<FilesChange, "serial" | "notAfter">;

const maxFileBytes = 1_024;

/**
 * Remembers in the output directory what an application loaded last, so that its deadline is known after a restart of
 * the agent. The file contains nothing secret, and other releases ignore it.
 */
export class LoadedMemory {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #reported = new OncePerReason();

  constructor(directory: string, kind: string, logger: Logger) {
    this.#path = join(directory, `..kasbah-loaded-${kind}`);
    this.#logger = logger;
  }

  /** Undefined if nothing is remembered. */
  async recall(): Promise<LoadedChange | undefined> {
    const text = await readBoundedFile(this.#path, maxFileBytes).catch(() => "");
    const [serial, time = ""] = text.trim().split(" ");
    const notAfter = new Date(time);
    return serial === undefined || Number.isNaN(notAfter.getTime()) ? undefined : { serial, notAfter };
  }

  /** Never rejects: without the file, only the deadline after a restart is unknown. */
  async remember({ serial, notAfter }: LoadedChange): Promise<void> {
    try {
      await writeFileDurably(this.#path, `${serial} ${notAfter.toISOString()}\n`, 0o644);
      this.#reported.clear();
    } catch (error) {
      const event = "cannot remember which certificate the application loaded";
      this.#reported.failed(String(error), () => this.#logger.warn(event, { error }));
    }
  }
}
