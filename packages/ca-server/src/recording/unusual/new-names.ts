import type { IssuedEntry } from "@kasbah/ledger";
import { atMost, type Clock, type Component, type Logger, type Sweep } from "@kasbah/runtime";
import { LRUCache } from "lru-cache";
import { PeerLimit } from "../peer-limit.ts";

export interface NewNamesDeps {
  /** Whether a certificate was ever issued for the name; undefined while the index is incomplete. */
  readonly isNameKnown: (spiffeId: string) => boolean | undefined;
  readonly onNewName: () => void;
  /** When to log how many names were new beyond those that were logged: every hour. */
  readonly sweep: Sweep;
  readonly clock: Clock;
  readonly logger: Logger;
}

const maxRemembered = 50_000;
/** On a quiet day, every new service has its line. On the first day, and in a large deployment, an hour has ten. */
const linesPerHour = { burst: 10, perMinute: 10 / 60 };
const maxNamespaces = 1_000;
const mostNamespaces = 3;

/**
 * Logs the first certificate of each name: one by one if they are few, else as a summary. It is an ordinary event,
 * and the first place to look after a policy or a token issuer was compromised.
 */
export class NewNames implements Component {
  readonly name = "report of new names";
  readonly #deps: NewNamesDeps;
  readonly #lines: PeerLimit;
  readonly #seen = new LRUCache<string, true>(atMost(maxRemembered));
  readonly #namespaces = new Map<string, number>();
  #unlogged = 0;
  #sweeping: { stop(): void } | undefined;

  constructor(deps: NewNamesDeps) {
    this.#deps = deps;
    this.#lines = new PeerLimit(linesPerHour, deps.clock);
  }

  async start(): Promise<void> {
    this.#sweeping = this.#deps.sweep(() => this.#summarize());
  }

  async stop(): Promise<void> {
    this.#sweeping?.stop();
    this.#summarize();
  }

  look({ spiffeId, referenceId, serial, peerAddress, rule }: IssuedEntry): void {
    if (this.#seen.has(spiffeId)) return;
    this.#seen.set(spiffeId, true);
    if (this.#deps.isNameKnown(spiffeId) !== false) return;
    this.#deps.onNewName();
    if (this.#lines.take("")) {
      const facts = { spiffeId, referenceId, serial, peerAddress, rule };
      this.#deps.logger.info("first certificate of a name", facts);
      return;
    }
    this.#unlogged += 1;
    const namespace = /\/ns\/([^/]+)\//.exec(spiffeId)?.[1] ?? spiffeId;
    if (this.#namespaces.size < maxNamespaces || this.#namespaces.has(namespace))
      this.#namespaces.set(namespace, (this.#namespaces.get(namespace) ?? 0) + 1);
  }

  #summarize(): void {
    if (this.#unlogged === 0) return;
    const namespaces = [...this.#namespaces]
      .sort(([, one], [, other]) => other - one)
      .slice(0, mostNamespaces)
      .map(([namespace, count]) => `${namespace} (${count})`);
    this.#deps.logger.info("more first certificates of names than are logged one by one", {
      ...{ count: this.#unlogged, namespaces },
    });
    this.#unlogged = 0;
    this.#namespaces.clear();
  }
}
