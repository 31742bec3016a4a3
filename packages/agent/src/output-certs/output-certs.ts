import { stat } from "node:fs/promises";
import {
  type Clock,
  type Component,
  type Counter,
  ensureDirectory,
  errnoOf,
  type Logger,
  type PublishedFile,
} from "@kasbah/runtime";
import { chainPem } from "../secret/certificate-chain.ts";
import { SecretFollower } from "../secret/secret-follower.ts";
import type { SecretStore, WorkloadSecret } from "../secret/secret-store.ts";
import { FileSet, type FileSetFs } from "./file-set.ts";

export interface OutputCertsDeps {
  readonly directory: string;
  /** Of `key.pem`; certificates are 0644. */
  readonly keyMode: number;
  readonly store: SecretStore;
  /** Told of each set that readers find, the first after a start also when it was there before. */
  readonly onWritten?: (secret: WorkloadSecret) => void;
  readonly writes: Counter<"result">;
  readonly clock: Clock;
  readonly roll: () => number;
  readonly logger: Logger;
  readonly fs?: FileSetFs;
}

/** Long enough for a program that has just opened the directory to read all of its files. */
const graceMs = 60_000;

/**
 * Keeps `key.pem`, `cert-chain.pem` and `root-cert.pem` of a directory equal to the secret that is served, as one set,
 * with or without anybody on the SDS socket. A failure is tried again and disturbs nothing else.
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

  /** What keeps the files from being renewed; undefined when nothing does. */
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

  /** One that is there is the operator's, whatever its mode; one that we make is as open as the key is. */
  async #makeDirectory(): Promise<void> {
    const { directory, keyMode } = this.#deps;
    const isThere = await stat(directory).catch(() => undefined);
    if (!isThere?.isDirectory()) await ensureDirectory(directory, (keyMode & 0o077) === 0 ? 0o700 : 0o755);
  }

  async #write(secret: WorkloadSecret): Promise<void> {
    const { keyMode, logger, directory, writes, onWritten } = this.#deps;
    const files = secretFiles(secret, keyMode);
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
    // After a restart once more: the process may have been killed between the files and what follows them.
    if (isNew || this.#isFirst) onWritten?.(secret);
    this.#isFirst = false;
    this.#pruneLater();
  }

  #onFailed(error: unknown, retryInMs: number): void {
    const { logger, directory, writes } = this.#deps;
    writes.inc({ result: "failed" });
    this.#problem = `the certificates in ${directory} could not be renewed (${errnoOf(error) ?? "UNEXPECTED"}); the log says why`;
    logger.error("certificates could not be written; the files from before stay", {
      directory,
      retryInMs: Math.round(retryInMs),
      error,
    });
  }

  /** The version before stays for the grace, or until the next one; older ones go at once. */
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
      logger.warn("old certificates could not be removed", { directory, error });
    });
  }
}

/** The chain goes without its root, as over SDS: some peers refuse a handshake that shows it. */
function secretFiles(secret: WorkloadSecret, keyMode: number): readonly PublishedFile[] {
  const { keyPair, keyFormat, leaf, intermediates, bundle } = secret;
  const chain = chainPem([leaf, ...intermediates]);
  return [
    { name: "key.pem", bytes: keyPair.toPem(keyFormat), mode: keyMode },
    { name: "cert-chain.pem", bytes: chain, mode: 0o644 },
    { name: "root-cert.pem", bytes: bundle.toPem(), mode: 0o644 },
  ];
}
