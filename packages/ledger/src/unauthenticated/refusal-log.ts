import { appendFile, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, type Component, errnoOf, type Logger, peerGroup, type Sweep } from "@kasbah/runtime";
import { encodeEntry } from "../entry/encode-entry.ts";
import type { RefusedEntry } from "../entry/entry.ts";
import { DropCounter } from "./dropped-refusals.ts";

export interface RefusalLogDeps {
  readonly directory: string;
  /** Limits the share of each host: of an IPv4 address, or an IPv6 /64. */
  readonly limit: { take(host: string): boolean };
  /** Triggers the write of buffered entries. */
  readonly sweep: Sweep;
  /** Called for each refusal that is not written. */
  readonly onDropped: (why: "peer" | "crowd" | "disk") => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The newest refusals are in the first file. When it is full, it replaces the second. */
export const refusalLogFiles = ["newest.jsonl", "before.jsonl"] as const;
const lineFeed = Buffer.from("\n");
const maxFileBytes = 8 * 1024 * 1024;
/** More than this in one second is an attack, of which a sample is enough. */
const maxWaitingBytes = 1024 * 1024;
/** How often the number of dropped refusals is written. */
const countEveryMs = 10_000;

/**
 * Logs refusals of unauthenticated callers, who can cause any number of them. They are not in the tree, and
 * are written once a second without fsync, in at most 16 MiB. Each address has a limited share. What exceeds these
 * limits is counted, and the counts are in the log.
 */
export class RefusalLog implements Component {
  readonly name = "log of unauthenticated refusals";
  readonly #deps: RefusalLogDeps;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  readonly #dropped = new DropCounter();
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
    this.#writeSoon(0);
    await this.#writing;
  }

  /** Resolves when pending writes are done. */
  settled(): Promise<void> {
    return this.#writing;
  }

  add(entry: RefusedEntry): void {
    const group = peerGroup(entry.peerAddress);
    if (!this.#deps.limit.take(group)) this.#drop("peer", entry.code, group);
    else if (!this.#keep(Buffer.concat([encodeEntry(entry), lineFeed])))
      this.#drop("crowd", entry.code, group);
  }

  /** Counts a refusal of which only the code is known. */
  count(code: string): void {
    this.#dropped.count(code, "", this.#deps.clock.now());
  }

  #drop(why: "peer" | "crowd", code: string, group: string): void {
    this.#deps.onDropped(why);
    this.#dropped.count(code, group, this.#deps.clock.now());
  }

  /** False if there is no room. */
  #keep(line: Uint8Array): boolean {
    if (this.#waitingBytes + line.length > maxWaitingBytes) return false;
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    return true;
  }

  #writeSoon(afterMs = countEveryMs): void {
    const { since } = this.#dropped;
    const now = this.#deps.clock.now();
    if (since !== undefined && now.getTime() - since.getTime() >= afterMs)
      this.#waiting.push(Buffer.from(`${JSON.stringify(this.#dropped.take(now))}\n`));
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
