import { appendFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Component, errnoOf, type Logger, type Sweep } from "@kasbah/runtime";
import { encodeEntry, type RefusedEntry } from "../entry/entry.ts";
import { hostOf } from "../entry/peer-host.ts";

export interface RefusalLogDeps {
  readonly directory: string;
  /** Limits the share of each host. */
  readonly limit: { take(host: string): boolean };
  /** Triggers the write of buffered entries. */
  readonly sweep: Sweep;
  /** Called for each refusal that is not written. */
  readonly onDropped: (why: "peer" | "crowd" | "disk") => void;
  readonly logger: Logger;
}

/** The newest refusals are in the first file. When it is full, it replaces the second. */
export const refusalLogFiles = ["newest.jsonl", "before.jsonl"] as const;
const lineFeed = Buffer.from("\n");
const maxFileBytes = 8 * 1024 * 1024;
/** More than this in one second is an attack, of which a sample is enough. */
const maxWaitingBytes = 1024 * 1024;

/**
 * Logs refusals of unauthenticated callers, who can cause any number of them. They are not in the tree, and
 * are written once a second without fsync, in at most 16 MiB. Each address has a limited share.
 */
export class RefusalLog implements Component {
  readonly name = "log of unauthenticated refusals";
  readonly #deps: RefusalLogDeps;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #sweeping: { stop(): void } | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(deps: RefusalLogDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#sweeping = this.#deps.sweep(() => this.#writeSoon());
  }

  /** Writes the buffered entries. */
  async stop(): Promise<void> {
    this.#sweeping?.stop();
    this.#writeSoon();
    await this.#writing;
  }

  /** Resolves when pending writes are done. */
  settled(): Promise<void> {
    return this.#writing;
  }

  add(entry: RefusedEntry): void {
    const { limit, onDropped } = this.#deps;
    if (!limit.take(hostOf(entry.peerAddress))) onDropped("peer");
    else if (!this.#keep(Buffer.concat([encodeEntry(entry), lineFeed]))) onDropped("crowd");
  }

  /** False if there is no room. */
  #keep(line: Uint8Array): boolean {
    if (this.#waitingBytes + line.length > maxWaitingBytes) return false;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    return true;
  }

  #writeSoon(): void {
    if (this.#waiting.length === 0) return;
    const batch = this.#waiting.splice(0);
    this.#waitingBytes = 0;
    this.#writing = this.#writing
      .then(() => this.#write(batch))
      .catch((error: unknown) => this.#lose(batch, error));
  }

  async #write(batch: readonly Uint8Array[]): Promise<void> {
    const [newest, before] = refusalLogFiles.map((name) => join(this.#deps.directory, name));
    if (newest === undefined || before === undefined) return;
    const bytes = Buffer.concat(batch);
    if ((await sizeOf(newest)) + bytes.length > maxFileBytes)
      await rename(newest, before).catch(ignoreMissing);
    await appendFile(newest, bytes, { mode: 0o600 });
  }

  #lose(batch: readonly Uint8Array[], error: unknown): void {
    for (const _ of batch) this.#deps.onDropped("disk");
    this.#deps.logger.debug("cannot write refusals of unauthenticated callers", { error });
  }
}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(({ size }) => size, ignoreMissing);
}

function ignoreMissing(error: unknown): number {
  if (errnoOf(error) === "ENOENT") return 0;
  throw error;
}
