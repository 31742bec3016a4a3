import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Component } from "@kasbah/runtime";
import { StateError } from "../errors.ts";

/**
 * Holds a directory for this process alone: a second one would cut the lines that the first is about to make durable.
 * Node has no flock; SQLite's exclusive transaction is a lock of the file system, which a killed process leaves free and
 * which holds between containers on one volume.
 */
export class DirectoryLock implements Component {
  readonly name = "state lock";
  readonly #directory: string;
  #database: DatabaseSync | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws StateError `STATE_LOCKED` when another process holds it. */
  async start(): Promise<void> {
    const database = new DatabaseSync(join(this.#directory, "lock"), { timeout: 0 });
    try {
      database.exec("BEGIN EXCLUSIVE");
    } catch (cause) {
      database.close();
      const advice = "stop it, or choose another --state-dir";
      throw new StateError("STATE_LOCKED", `another process uses ${this.#directory}: ${advice}`, { cause });
    }
    this.#database = database;
  }

  async stop(): Promise<void> {
    this.#database?.close();
    this.#database = undefined;
  }
}
