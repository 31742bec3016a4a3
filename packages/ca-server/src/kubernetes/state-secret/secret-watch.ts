import { type Clock, type Component, type Logger, Loop, OncePerReason, RetryPace } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { readWatchEvent } from "../watch/watch-event.ts";
import { watchLines } from "../watch/watch-lines.ts";
import type { AuthoritySecret } from "./authority-secret.ts";
import { readSecretObject } from "./secret-object.ts";

export interface SecretWatchDeps {
  readonly secret: Pick<AuthoritySecret<unknown>, "observe" | "restore">;
  readonly client: Pick<KubernetesClient, "watch">;
  readonly namespace: string;
  readonly name: string;
  /** Called when another process has moved the CA out of the Secret. */
  readonly onMoved: (error: StateError) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/** Shorter than the idle timeout after which load balancers close connections. */
const watchSeconds = 290;
const retry = { baseMs: 500, capMs: 10_000 };

/**
 * Applies the writes of other replicas in this process within moments, and recreates the Secret if it is
 * deleted.
 */
export class SecretWatch implements Component {
  readonly name = "authority secret";
  readonly #deps: SecretWatchDeps;
  readonly #loop: Loop;
  readonly #pace: RetryPace;
  readonly #trouble = new OncePerReason();
  #failures = 0;

  constructor(deps: SecretWatchDeps) {
    this.#deps = deps;
    this.#pace = new RetryPace({ ...retry, roll: deps.roll });
    this.#loop = new Loop({ clock: deps.clock, pass: (signal) => this.#pass(signal) });
  }

  async start(): Promise<void> {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #pass(signal: AbortSignal): Promise<number> {
    this.#failures = (await this.#watchOnce(signal)) ? 0 : this.#failures + 1;
    return this.#pace.delayMs({ attempt: this.#failures });
  }

  /** Returns true if the watch ended without an error. */
  async #watchOnce(signal: AbortSignal): Promise<boolean> {
    const { secret, namespace, name, logger } = this.#deps;
    const query = new URLSearchParams({
      watch: "1",
      fieldSelector: `metadata.name=${name}`,
      timeoutSeconds: String(watchSeconds),
      allowWatchBookmarks: "true",
    });
    const path = `/api/v1/namespaces/${namespace}/secrets?${query}`;
    try {
      // No event reports a deletion between two watches.
      await secret.restore();
      // A watch without a version starts with the current object, so no change in between is missed.
      for await (const line of watchLines(this.#deps, path, signal)) {
        await this.#take(line);
        this.#trouble.clear();
      }
      return true;
    } catch (error) {
      if (signal.aborted) return true;
      if (error instanceof StateError && error.code === "STATE_CONFLICT") this.#deps.onMoved(error);
      this.#trouble.failed(String(error), () =>
        logger.warn("cannot watch the CA's Secret", { namespace, name, error }),
      );
      return false;
    }
  }

  async #take(line: string): Promise<void> {
    const { type, object } = readWatchEvent(line);
    if (type === "DELETED") await this.#deps.secret.restore();
    else if (type === "ADDED" || type === "MODIFIED")
      await this.#deps.secret.observe(readSecretObject(object));
  }
}
