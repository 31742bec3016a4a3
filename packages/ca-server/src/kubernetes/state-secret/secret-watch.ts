import { type Clock, type Component, fullJitterDelayMs, type Logger } from "@kasbah/runtime";
import type { KubernetesClient } from "../api/api-client.ts";
import { readWatchEvent } from "../watch/watch-event.ts";
import { watchLines } from "../watch/watch-lines.ts";
import type { AuthoritySecret } from "./authority-secret.ts";
import { readSecretObject } from "./secret-object.ts";

export interface SecretWatchParts {
  readonly secret: Pick<AuthoritySecret<unknown>, "observe" | "restore">;
  readonly client: Pick<KubernetesClient, "watch">;
  readonly namespace: string;
  readonly name: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly logger: Logger;
}

/** Less than the time after which load balancers cut connections that are silent. */
const watchSeconds = 290;
const retry = { baseMs: 500, capMs: 10_000 };

/** Brings what other replicas write into this process, within moments; and makes the Secret again when it is deleted. */
export class SecretWatch implements Component {
  readonly name = "authority secret";
  readonly #parts: SecretWatchParts;
  readonly #stopping = new AbortController();
  #watching: Promise<void> | undefined;
  #trouble: string | undefined;

  constructor(parts: SecretWatchParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#watching = this.#watchForEver();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#watching;
  }

  async #watchForEver(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, roll } = this.#parts;
    for (let failures = 0; !signal.aborted; ) {
      failures = (await this.#watchOnce()) ? 0 : failures + 1;
      const delayMs = fullJitterDelayMs({ ...retry, attempt: failures, roll: roll() });
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }

  /** True when the watch ended in good order. */
  async #watchOnce(): Promise<boolean> {
    const { secret, namespace, name, logger } = this.#parts;
    const query = new URLSearchParams({
      watch: "1",
      fieldSelector: `metadata.name=${name}`,
      timeoutSeconds: String(watchSeconds),
      allowWatchBookmarks: "true",
    });
    const path = `/api/v1/namespaces/${namespace}/secrets?${query}`;
    try {
      // Nobody tells of what was deleted between two watches.
      await secret.restore();
      // One without a version begins with what is there now, so that no change between them is missed.
      for await (const line of watchLines(this.#parts, path, this.#stopping.signal)) {
        await this.#take(line);
        this.#trouble = undefined;
      }
      return true;
    } catch (error) {
      if (this.#stopping.signal.aborted) return true;
      const trouble = String(error);
      if (trouble !== this.#trouble)
        logger.warn("the Secret of the CA cannot be watched", { namespace, name, error });
      this.#trouble = trouble;
      return false;
    }
  }

  async #take(line: string): Promise<void> {
    const { type, object } = readWatchEvent(line);
    if (type === "DELETED") await this.#parts.secret.restore();
    else if (type === "ADDED" || type === "MODIFIED")
      await this.#parts.secret.observe(readSecretObject(object));
  }
}
