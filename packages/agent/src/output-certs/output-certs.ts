import { stat } from "node:fs/promises";
import {
  type Clock,
  type Component,
  type Counter,
  ensureDirectory,
  errnoOf,
  type Logger,
} from "@kasbah/runtime";
import { SecretFollower } from "../secret/secret-follower.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { FileSet, type FileSetFs } from "./file-set.ts";
import type { RenderFiles } from "./shapes/render-files.ts";

export interface OutputCertsDeps {
  readonly directory: string;
  /** Mode of the files that contain the key; a new directory is as restricted. */
  readonly keyMode: number;
  readonly render: RenderFiles;
  readonly store: SecretStore;
  /** Called with each set that readers see, and after a start even if the set was already there. */
  readonly onWritten?: (secret: WorkloadSecret) => void;
  readonly writes: Counter<"result">;
  readonly clock: Clock;
  readonly roll: () => number;
  readonly logger: Logger;
  readonly fs?: FileSetFs;
}

/** Long enough for a program that has just opened the directory to read all its files. */
const graceMs = 60_000;

/**
 * Keeps the files in a directory equal to the served secret, as one set, independently of SDS clients. Failures are retried and affect nothing else.
 */
export class OutputCerts implements Component {
  readonly name = "output certificates";
  readonly #deps: OutputCertsDeps;
  readonly #set: FileSet;
  readonly #follower: SecretFollower;
  #pruning = new AbortController();
  #pruned: Promise<void> = Promise.resolve();
  #isFirst = true;
  #problem: string | undefined;

  constructor(deps: OutputCertsDeps) {
    this.#deps = deps;
    this.#set = new FileSet(deps.directory, deps.fs);
    const { store, clock, roll } = deps;
    this.#follower = new SecretFollower({
      name: this.name,
      store,
      clock,
      roll,
      follow: (secret) => this.#write(secret),
      onFailed: (error, retryInMs) => this.#onFailed(error, retryInMs),
    });
  }

  /** The reason the files cannot be updated; undefined if they are current. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async start(): Promise<void> {
    await this.#makeDirectory();
    await this.#follower.start();
  }

  async stop(): Promise<void> {
    await this.#follower.stop();
    this.#pruning.abort();
    await this.#pruned;
  }

  /**
   * An existing directory belongs to the operator and keeps its mode; a new one is as restricted as the key.
   */
  async #makeDirectory(): Promise<void> {
    const { directory, keyMode } = this.#deps;
    const isThere = await stat(directory).catch(() => undefined);
    if (!isThere?.isDirectory()) await ensureDirectory(directory, (keyMode & 0o077) === 0 ? 0o700 : 0o755);
  }

  async #write(secret: WorkloadSecret): Promise<void> {
    const { render, logger, directory, writes, onWritten } = this.#deps;
    const files = render(secret);
    // A version that is not linked yet would look like an old one.
    this.#pruning.abort();
    await this.#pruned;
    const isNew = !(await this.#set.holds(files));
    if (isNew) {
      await this.#set.publish(files);
      writes.inc({ result: "ok" });
      logger.info("certificates written", { directory, serial: secret.leaf.serial });
    }
    this.#problem = undefined;
    // Once more after a restart, because the process may have been killed between writing the files and
    // running the command.
    if (isNew || this.#isFirst) onWritten?.(secret);
    this.#isFirst = false;
    this.#pruneLater();
  }

  #onFailed(error: unknown, retryInMs: number): void {
    const { logger, directory, writes } = this.#deps;
    writes.inc({ result: "failed" });
    this.#problem = `cannot update the certificates in ${directory} (${errnoOf(error) ?? "UNEXPECTED"}); see the log for the reason`;
    logger.error("cannot write certificates; keeping the previous files", {
      directory,
      retryInMs: Math.round(retryInMs),
      error,
    });
  }

  /**
   * The previous version stays for the grace period or until the next version; older ones are removed
   * immediately.
   */
  #pruneLater(): void {
    const { clock } = this.#deps;
    this.#pruning = new AbortController();
    const { signal } = this.#pruning;
    this.#pruned = this.#pruned
      .then(() => this.#prune(1))
      .then(() => clock.sleep(graceMs, signal))
      .then(() => this.#prune(0))
      .catch(() => undefined);
  }

  async #prune(kept: number): Promise<void> {
    const { logger, directory } = this.#deps;
    await this.#set.prune(kept).catch((error: unknown) => {
      logger.warn("cannot remove old certificates", { directory, error });
    });
  }
}
