import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { TrustBundle } from "@kasbah/pki";
import {
  type Component,
  errnoOf,
  type Logger,
  OncePerReason,
  SerialQueue,
  type Sweep,
  writeFileDurably,
} from "@kasbah/runtime";

export interface PublicBundleDeps {
  readonly path: string;
  readonly bundle: () => TrustBundle;
  /** When to check the content of the file. */
  readonly sweep: Sweep;
  readonly logger: Logger;
}

/**
 * Publishes the trust bundle in a file for other programs on this machine, and rewrites it if it is lost or
 * changed.
 */
export class PublicBundle implements Component {
  readonly name = "public bundle";
  readonly #deps: PublicBundleDeps;
  #sweeping: { stop(): void } | undefined;
  readonly #queue = new SerialQueue();
  readonly #trouble = new OncePerReason();

  constructor(deps: PublicBundleDeps) {
    this.#deps = deps;
  }

  /** @throws RuntimeError `FILE_NOT_DURABLE` */
  async start(): Promise<void> {
    await this.#write();
    this.#sweeping = this.#deps.sweep(() => void this.publish());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    await this.#queue.settled();
  }

  /**
   * Writes the file unless it already contains the current bundle. Errors are logged, and the next sweep
   * retries.
   */
  publish(): Promise<void> {
    return this.#queue.run(async () => {
      try {
        await this.#write();
        this.#trouble.clear();
      } catch (error) {
        this.#trouble.failed(errnoOf(error) ?? String(error), () =>
          this.#deps.logger.error("cannot publish the trust bundle", { error }),
        );
      }
    });
  }

  async #write(): Promise<void> {
    const { path, logger } = this.#deps;
    const bundle = this.#deps.bundle();
    const pem = bundle.toPem();
    if ((await contentOf(path, pem.length)) === pem) return;
    await writeFileDurably(path, pem, 0o644);
    logger.info("trust bundle published", { path, roots: bundle.roots.length });
  }
}

/**
 * Returns undefined for anything except a regular file of that length. A link or FIFO is replaced, never
 * followed.
 */
async function contentOf(path: string, length: number): Promise<string | undefined> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, flags).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat();
    return stats.isFile() && stats.size === length ? await handle.readFile("utf8") : undefined;
  } finally {
    await handle.close();
  }
}
