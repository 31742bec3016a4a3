import type { Clock } from "@kasbah/runtime";
import { Low } from "lowdb";
import { createDevDocument, type DevDocument } from "./document.ts";
import { withFileLock } from "./file-lock.ts";
import { DevJsonFile } from "./json-file.ts";
import type { Layout } from "./layout.ts";

const lockWithinMs = 30_000;

/**
 * The records of a project's folder. Commands in several terminals change them at the same time, so each change
 * reads the file again under a lock.
 */
export class DevStore {
  readonly #layout: Layout;
  readonly #clock: Clock;
  readonly #trustDomain: string;

  /** The trust domain is that of a new document. */
  constructor(layout: Layout, { clock, trustDomain }: { clock: Clock; trustDomain: string }) {
    this.#layout = layout;
    this.#clock = clock;
    this.#trustDomain = trustDomain;
  }

  /** @throws CliError `DEV_FOLDER_UNUSABLE` */
  async read(): Promise<DevDocument> {
    const database = this.#open();
    await database.read();
    return database.data;
  }

  /** Resolves with the new document once it is on disk. */
  update(change: (document: DevDocument) => DevDocument | Promise<DevDocument>): Promise<DevDocument> {
    const patience = { clock: this.#clock, deadlineMs: lockWithinMs };
    return withFileLock(this.#layout.documentLock, patience, async () => {
      const database = this.#open();
      await database.read();
      database.data = await change(database.data);
      await database.write();
      return database.data;
    });
  }

  #open(): Low<DevDocument> {
    return new Low(new DevJsonFile(this.#layout.document), createDevDocument(this.#trustDomain));
  }
}
