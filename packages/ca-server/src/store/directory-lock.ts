import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type Clock, type Component, storageFailure, writeFileDurably } from "@kasbah/runtime";
import { StateError } from "../errors.ts";
import { describeHolder, encodeHolder, holderFile } from "./lock-holder.ts";

export interface LockHolder {
  readonly pid: number;
  readonly hostname: string;
  readonly clock: Clock;
}

const sqliteBusy = 5;
/** Two processes that start at the same time may block each other, but one of them must win. */
const contentionMs = 200;

/**
 * Locks a directory, because a second process would undo this one's writes. Node has no flock, so the lock is
 * SQLite's exclusive transaction: the kernel releases it when a process is killed, and it works between
 * containers on one volume. The directory must be private, because any reader of the file could lock it.
 */
export class DirectoryLock implements Component {
  readonly name = "state lock";
  readonly #directory: string;
  readonly #holder: LockHolder;
  #database: DatabaseSync | undefined;

  constructor(directory: string, holder: LockHolder) {
    this.#directory = directory;
    this.#holder = holder;
  }

  /**
   * Acquires the lock unless this process already holds it. @throws StateError `STATE_LOCKED` if another
   * process holds it
   */
  async start(): Promise<void> {
    if (this.#database !== undefined) return;
    const database = this.#open();
    try {
      database.exec("BEGIN EXCLUSIVE");
    } catch (cause) {
      database.close();
      if (!isBusy(cause)) throw this.#unusable(cause);
      const holder = await describeHolder(this.#directory);
      const advice = "stop it, or choose another --state-dir";
      throw new StateError("STATE_LOCKED", `another process${holder} uses ${this.#directory}: ${advice}`, {
        cause,
      });
    }
    this.#database = database;
    const { pid, hostname, clock } = this.#holder;
    const note = encodeHolder({ pid, hostname, since: clock.now() });
    await writeFileDurably(join(this.#directory, holderFile), note, 0o644);
  }

  async stop(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
  }

  #open(): DatabaseSync {
    try {
      return new DatabaseSync(join(this.#directory, "lock"), { timeout: contentionMs });
    } catch (cause) {
      throw this.#unusable(cause);
    }
  }

  #unusable(cause: unknown): StateError {
    const reason = storageFailure(cause);
    return new StateError("STATE_NOT_DURABLE", `cannot lock ${this.#directory}: ${reason}`, { cause });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
}
