import { createHash } from "node:crypto";
import { join } from "node:path";
import { type KeyFormat, MeshError } from "@kasbah/pki";
import { type Clock, type Component, ContentWatch, type Logger } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import { UnreadableFileError } from "../operator-file.ts";
import type { RotationObserver } from "../rotation/rotator.ts";
import type { SecretStore } from "../secret/secret-store.ts";
import type { SkippedRootsObserver } from "../secret/skipped-roots.ts";
import { type MountedFiles, parseMountedSecret, readMountedFiles } from "./mounted-certs.ts";

export interface MountedSupplyDeps {
  readonly directory: string;
  readonly keyFormat: KeyFormat;
  readonly store: SecretStore;
  readonly observer: RotationObserver;
  readonly skippedRoots?: SkippedRootsObserver;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How often the files are read if the kernel reports no change; 5 seconds by default. */
  readonly pollMs?: number;
}

/**
 * Supplies the store from files that another program renews, such as the kubelet or cert-manager's CSI
 * driver. An incomplete or invalid set is never published; the previous one is served until it expires.
 */
export class MountedSupply implements Component {
  readonly name = "mounted certificates";
  readonly #deps: MountedSupplyDeps;
  #watch: ContentWatch | undefined;
  #failures = 0;

  constructor(deps: MountedSupplyDeps) {
    this.#deps = deps;
  }

  /** Publishes the files before it resolves, if they are valid. */
  async start(): Promise<void> {
    const { directory, clock, logger, pollMs } = this.#deps;
    this.#watch = new ContentWatch({
      name: this.name,
      directories: [directory],
      initial: await this.#publish().catch((error: unknown) => {
        this.#onFailed(error);
        return "";
      }),
      read: async () => digestOf(await this.#read()),
      onChange: async () => {
        await this.#publish();
      },
      onTrouble: (error) => this.#onFailed(error),
      clock,
      logger,
      ...(pollMs === undefined ? {} : { pollMs }),
    });
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    await this.#watch?.stop();
  }

  reread(): void {
    this.#watch?.reread();
  }

  /** Problems that do not yet prevent serving the files. */
  warnings(): readonly string[] {
    const { store, directory } = this.#deps;
    const notAfter = store.current?.notAfter.toISOString();
    return store.state() === "stale"
      ? [`the certificates in ${directory} expire at ${notAfter} and have not been renewed`]
      : [];
  }

  async #publish(): Promise<string> {
    const { directory, keyFormat, store, observer, skippedRoots, clock } = this.#deps;
    const files = await this.#read();
    const { secret, skipped } = parseMountedSecret(files, keyFormat, clock.now());
    skippedRoots?.onSkippedRoots(join(directory, files.names.roots), skipped);
    store.publish(secret);
    this.#failures = 0;
    observer.onRotated(secret);
    return digestOf(files);
  }

  async #read(): Promise<MountedFiles> {
    const { directory } = this.#deps;
    try {
      return await readMountedFiles(directory);
    } catch (error) {
      if (!(error instanceof UnreadableFileError)) throw error;
      const message = `cannot read the mounted certificates: ${error.message}`;
      throw new AgentError("MOUNTED_CERTS_INVALID", message, { cause: error.cause });
    }
  }

  #onFailed(error: unknown): void {
    this.#failures += 1;
    const code = error instanceof MeshError ? error.code : "UNEXPECTED";
    const { pollMs = 5_000 } = this.#deps;
    this.#deps.observer.onFailed({ error, code, failures: this.#failures, retryInMs: pollMs });
  }
}

/** The key is hashed as text. The hash reveals nothing about a key of 128-bit strength. */
function digestOf({ chain, key, roots }: MountedFiles): string {
  const hash = createHash("sha256");
  for (const text of [chain, key, roots]) hash.update(`${text.length}:`).update(text);
  return hash.digest("hex");
}
