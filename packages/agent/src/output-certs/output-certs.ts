import { stat } from "node:fs/promises";
import {
  type Clock,
  type Component,
  type Counter,
  delay,
  ensureDirectory,
  type Logger,
  OncePerReason,
  type PublishedFile,
  type WatchDirectory,
} from "@kasbah/runtime";
import { SecretFollower } from "../secret/secret-follower.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { Attempts } from "./attempts.ts";
import { type Difference, FileSet, type FileSetFs } from "./file-set.ts";
import type { DirectoryOwner } from "./owner/directory-owner.ts";
import { foreignIdentity } from "./owner/foreign-identity.ts";
import { RepairPace } from "./repair-pace.ts";
import { RepairWatch } from "./repair-watch.ts";
import type { RenderFiles } from "./shapes/render-files.ts";

export interface OutputCertsDeps {
  readonly directory: string;
  /** Mode of the files that contain the key; a new directory is as restricted. */
  readonly keyMode: number;
  /** Whether to repair what other programs change; otherwise the next secret does. */
  readonly isRepairing: boolean;
  readonly render: RenderFiles;
  readonly store: SecretStore;
  /**
   * Called if readers see other contents than before: for each new set, for a repair of wrong or missing contents, and
   * once after a start.
   */
  readonly onWritten?: (secret: WorkloadSecret) => void;
  /** Keeps a second agent from writing here. */
  readonly owner: Pick<DirectoryOwner, "hold" | "isHeld" | "release">;
  readonly writes: Counter<"result">;
  readonly repairs: Counter;
  readonly watchDirectory: WatchDirectory;
  readonly clock: Clock;
  readonly roll: () => number;
  readonly logger: Logger;
  readonly fs?: FileSetFs;
}

/** Long enough for a program that has just opened the directory to read all its files. */
const graceMs = 60_000;
/** The least time for that, if a new root follows a new certificate at once: the third set removes the first. */
const shortestGraceMs = 1_000;

/**
 * Keeps the files in a directory equal to the served secret, as one set, independently of SDS clients, and repairs
 * them if another program changes them. Failures are retried and affect nothing else.
 */
export class OutputCerts implements Component {
  readonly name = "output certificates";
  readonly #deps: OutputCertsDeps;
  readonly #set: FileSet;
  readonly #follower: SecretFollower;
  readonly #watch: RepairWatch;
  readonly #pace: RepairPace;
  readonly #reported = new OncePerReason();
  readonly #attempts = new Attempts();
  readonly #stopping = new AbortController();
  #publishedMs = Number.NEGATIVE_INFINITY;
  #pruning = new AbortController();
  #pruned: Promise<void> = Promise.resolve();
  #written: WorkloadSecret | undefined;
  /** What readers should see; undefined while it is being written or cannot be. */
  #shown: readonly PublishedFile[] | undefined;

  constructor(deps: OutputCertsDeps) {
    this.#deps = deps;
    this.#set = new FileSet(deps.directory, deps.fs);
    this.#pace = new RepairPace(deps.clock);
    this.#follower = new SecretFollower({
      ...deps,
      name: this.name,
      follow: (secret) => this.#write(secret),
      onFailed: (error, retryInMs) => this.#onFailed(error, retryInMs),
    });
    this.#watch = new RepairWatch({
      ...deps,
      isWrong: () => this.#isWrong(),
      repair: () => this.#follower.again(),
      pace: this.#pace,
    });
  }

  /** The reason the files cannot be updated or do not stay right; undefined if all is well. */
  get problem(): string | undefined {
    const { directory } = this.#deps;
    if (this.#reported.reason !== undefined)
      return `cannot update the certificates in ${directory}: ${this.#reported.reason}`;
    if (!this.#pace.isPersistent) return undefined;
    return `another program keeps changing the certificates in ${directory}: repaired ${this.#pace.times} times; find and stop it`;
  }

  async start(): Promise<void> {
    await this.#makeDirectory();
    await this.#deps.owner.hold();
    await this.#follower.start();
    if (this.#deps.isRepairing) await this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watch.stop();
    await this.#follower.stop();
    this.#pruning.abort();
    await this.#pruned;
    await this.#deps.owner.release();
  }

  /** Resolves once the files show the served secret, or with the reason why they cannot. */
  async settled(signal: AbortSignal): Promise<string | undefined> {
    const { store } = this.#deps;
    while (this.#written !== store.current) {
      await this.#attempts.next(signal);
      if (this.#reported.reason !== undefined) return this.problem;
    }
    return undefined;
  }

  /** Compares the files with the secret now, and repairs them. */
  reread(): void {
    if (this.#shown !== undefined) this.#follower.again();
  }

  /**
   * An existing directory belongs to the operator and keeps its mode; a new one is as restricted as the key.
   */
  async #makeDirectory(): Promise<void> {
    const { directory, keyMode } = this.#deps;
    const isThere = await stat(directory).catch(() => undefined);
    if (!isThere?.isDirectory()) await ensureDirectory(directory, (keyMode & 0o077) === 0 ? 0o700 : 0o755);
  }

  async #isWrong(): Promise<boolean> {
    const files = this.#shown;
    if (files === undefined) return false;
    if (!(await this.#deps.owner.isHeld())) return files === this.#shown;
    const differences = await this.#set.differences(files);
    // A rotation may have begun in the meantime.
    return differences.length > 0 && files === this.#shown;
  }

  async #write(secret: WorkloadSecret): Promise<void> {
    const { render, onWritten } = this.#deps;
    const files = render(secret);
    this.#shown = undefined;
    // A version that is not linked yet would look like an old one.
    this.#pruning.abort();
    await this.#pruned;
    await this.#makeDirectory();
    await this.#deps.owner.hold();
    if (this.#written === undefined) await this.#warnOfForeign(secret, files);
    const differences = await this.#set.differences(files);
    const isRepair = secret === this.#written;
    if (differences.length > 0 && !isRepair) await this.#waitForReaders();
    if (differences.length > 0) await this.#publish(secret, files);
    if (isRepair) this.#onRepaired(differences);
    // Once more after a restart, because the process may have been killed between writing the files and
    // running the command.
    const isFirst = this.#written === undefined;
    const hasNewContents = differences.some(({ kind }) => kind === "contents");
    this.#written = secret;
    this.#shown = files;
    this.#reported.clear();
    this.#attempts.ended();
    if (isFirst || hasNewContents) onWritten?.(secret);
    // What another program has changed must not stay, as a key that everyone can read.
    if (isRepair) await this.#prune(0);
    else this.#pruneLater();
  }

  async #waitForReaders(): Promise<void> {
    const { clock } = this.#deps;
    const restMs = this.#publishedMs + shortestGraceMs - clock.monotonicMs();
    if (restMs > 0) await delay(clock, restMs, this.#stopping.signal);
  }

  async #warnOfForeign({ spiffeId }: WorkloadSecret, files: readonly PublishedFile[]): Promise<void> {
    const { logger, directory } = this.#deps;
    const found = await foreignIdentity(directory, files, spiffeId);
    if (found === undefined) return;
    const facts = { directory, found: found.toString(), spiffeId: spiffeId.toString() };
    logger.warn("the output directory contains another workload's certificate; replacing it", facts);
  }

  async #publish(secret: WorkloadSecret, files: readonly PublishedFile[]): Promise<void> {
    const { logger, directory, writes } = this.#deps;
    await this.#set.publish(files);
    this.#publishedMs = this.#deps.clock.monotonicMs();
    writes.inc({ result: "ok" });
    logger.info("certificates written", { directory, serial: secret.leaf.serial });
  }

  #onRepaired(differences: readonly Difference[]): void {
    const { logger, directory, repairs } = this.#deps;
    if (differences.length === 0) return;
    repairs.inc();
    const wasPersistent = this.#pace.isPersistent;
    this.#pace.repaired();
    const { times, isPersistent } = this.#pace;
    const files = differences.map(
      ({ name, kind }) => `${name}: ${kind === "contents" ? "contents" : "mode or link"}`,
    );
    const facts = { directory, files, repairs: times };
    if (times === 1) logger.warn("another program changed the output files; repaired", facts);
    if (isPersistent && !wasPersistent)
      logger.error("another program keeps changing the output files; repairing them less often", facts);
  }

  #onFailed(error: unknown, retryInMs: number): void {
    const { logger, directory, writes } = this.#deps;
    writes.inc({ result: "failed" });
    const reason = error instanceof Error ? error.message : "unexpected failure";
    const facts = { directory, retryInMs: Math.round(retryInMs), error };
    this.#reported.failed(reason, () =>
      logger.error("cannot write certificates; keeping the previous files", facts),
    );
    this.#attempts.ended();
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
