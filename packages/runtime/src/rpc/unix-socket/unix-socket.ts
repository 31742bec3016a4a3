import { chmod, rename, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../../clock.ts";
import type { Component } from "../../daemon/lifecycle.ts";
import type { Logger } from "../../log/log.ts";
import { Loop } from "../../task/loop.ts";
import { explainSocketFailure } from "./failure.ts";
import { clearSocketPath, type Inode, inodeOf } from "./path.ts";

/** The server behind the socket. */
export interface UnixServer {
  listenUnix(path: string): Promise<void>;
  close(graceMs: number): Promise<void>;
}

export interface UnixSocketDeps {
  /** The name of the component, in the log. */
  readonly name: string;
  /** An absolute path. */
  readonly path: string;
  /** The flag that sets the path, for error messages. */
  readonly flag: string;
  /** The permission bits of the socket; defaults to 0600. */
  readonly mode?: number;
  readonly server: UnixServer;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

const watchEveryMs = 5_000;

const mostRandomLetters = 8;

/**
 * Streams do not end on their own, and clients keep their secrets: waiting for them would only delay the
 * stop.
 */
const closeGraceMs = 100;

/**
 * A gRPC server on a Unix socket. It binds the socket under a temporary name and renames it, so that its
 * permissions are never too wide and the kernel's clean-up on close cannot remove a file that replaced it.
 * A deleted socket is recreated within seconds; a foreign file in its place is not touched.
 */
export class UnixSocket implements Component {
  readonly name: string;
  readonly #deps: UnixSocketDeps;
  readonly #watch: Loop;
  #bound: Inode | undefined;
  #isLost = false;

  constructor(deps: UnixSocketDeps) {
    this.#deps = deps;
    this.name = deps.name;
    this.#watch = new Loop({ clock: deps.clock, pass: () => this.#look() });
  }

  async start(): Promise<void> {
    await this.#bind();
    this.#watch.start(watchEveryMs);
  }

  async stop(): Promise<void> {
    await this.#watch.stop();
    if (await this.#isBound()) await unlink(this.#deps.path);
    await this.#deps.server.close(closeGraceMs);
  }

  async #bind(): Promise<void> {
    try {
      await this.#bindOrThrow();
    } catch (error) {
      throw await explainSocketFailure(this.#deps, error);
    }
  }

  async #bindOrThrow(): Promise<void> {
    const { path, flag, server, mode = 0o600 } = this.#deps;
    const { name } = this;
    await clearSocketPath(path, flag);
    const beside = temporaryPath(path, name, this.#deps.roll);
    await clearSocketPath(beside, flag);
    await server.listenUnix(beside);
    await chmod(beside, mode);
    await rename(beside, path);
    this.#bound = await inodeOf(path);
  }

  /**
   * If the path cannot be inspected, for example because a parent directory was removed, the socket is lost.
   */
  async #isBound(): Promise<boolean> {
    const found = await inodeOf(this.#deps.path).catch(() => undefined);
    return found !== undefined && found.number === this.#bound?.number && found.device === this.#bound.device;
  }

  async #look(): Promise<number> {
    if (!(await this.#isBound())) await this.#bindAgain();
    return watchEveryMs;
  }

  async #bindAgain(): Promise<void> {
    const { logger, path, name } = this.#deps;
    try {
      await this.#bind();
      logger.warn("the socket was removed and has been recreated", { socket: name, path });
      this.#isLost = false;
    } catch (error) {
      if (!this.#isLost)
        logger.error("the socket was removed and cannot be recreated", { socket: name, path, error });
      this.#isLost = true;
    }
  }
}

/**
 * A name in the same directory. It is random, because other daemons may bind their sockets there at the same moment, and
 * no longer than the socket's own name if that has four letters, because the path may already be close to its limit.
 */
function temporaryPath(path: string, component: string, roll: () => number): string {
  const begin = `.${component.slice(0, 2)}`;
  const length = Math.min(Math.max(basename(path).length - begin.length, 1), mostRandomLetters);
  const letter = () => Math.floor(roll() * 36).toString(36);
  return join(dirname(path), begin + Array.from({ length }, letter).join(""));
}
