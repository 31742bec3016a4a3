import type { RootClientMessage, ShownRoots } from "@kasbah/protocol";
import type { Clock, Logger } from "@kasbah/runtime";
import type { AuthorityKeeper } from "../keeper.ts";
import { coverClient, coversClient, unbridgedChange } from "./unproven-clients.ts";

/** A client that has received a certificate. */
export interface SeenClient {
  readonly spiffeId: string;
  readonly address: string;
  readonly program: string;
  /** Undefined if it shows none, as stock clients do. */
  readonly shown: ShownRoots | undefined;
  /** The expiry of its new certificate. */
  readonly until: Date;
}

export interface RootClientsDeps {
  readonly keeper: Pick<AuthorityKeeper, "state" | "transition">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Enough to find every root file; the rotation waits for the others as well. */
const maxKnown = 10_000;
const maxListed = 500;
const maxNamed = 5;

/**
 * Remembers which clients have not shown that they hold the new root of a rotation. The names are for the
 * operator and stay in memory; the date until which the rotation waits is part of the state, so that it survives
 * restarts and covers all replicas.
 */
export class RootClients {
  readonly #deps: RootClientsDeps;
  readonly #known = new Map<string, RootClientMessage>();
  #newRootId = "";

  constructor(deps: RootClientsDeps) {
    this.#deps = deps;
  }

  /** Notes a client after it has received a certificate. Never rejects: the certificate is already issued. */
  async saw(client: SeenClient): Promise<void> {
    const { keeper, clock, logger } = this.#deps;
    const now = clock.now();
    const change = this.#change(now);
    if (change === undefined) return;
    const { shown, ...facts } = client;
    const key = `${client.spiffeId} ${client.address}`;
    this.#known.delete(key);
    if (shown?.contains(change.to.certificate.fingerprint)) return;
    this.#remember(key, { ...facts, kind: shown === undefined ? "unknown" : "old-root" });
    if (coversClient(keeper.state, client.until)) return;
    try {
      await keeper.transition((state) => coverClient(state, client.until, now));
    } catch (error) {
      logger.error("cannot save that a client has not shown the new root", { error });
    }
  }

  /** The clients whose certificates are valid, the latest first, as many as an answer can hold. */
  list(): readonly RootClientMessage[] {
    return this.#valid().slice(0, maxListed);
  }

  #valid(): readonly RootClientMessage[] {
    const now = this.#deps.clock.now();
    if (this.#change(now) === undefined) return [];
    for (const [key, { until }] of this.#known) if (until <= now) this.#known.delete(key);
    return [...this.#known.values()].reverse();
  }

  /** One sentence while the rotation would go on but for these clients. */
  warnings(): readonly string[] {
    const { keeper, clock } = this.#deps;
    const change = this.#change(clock.now());
    const { rotation } = keeper.state;
    if (change === undefined || rotation?.stage !== "active" || rotation.withoutProof === true) return [];
    const clients = this.#valid();
    if (clients.length === 0) return [];
    const named = clients.slice(0, maxNamed).map(({ spiffeId, address }) => `${spiffeId} at ${address}`);
    const others = clients.length > maxNamed ? ` and ${clients.length - maxNamed} more` : "";
    const who = clients.length === 1 ? "1 client has" : `${clients.length} clients have`;
    const { from, to } = change;
    const expiry = from.certificate.notAfter.toISOString();
    return [
      `${who} not shown ${to.id}, which ${from.id} cannot certify: ${named.join(", ")}${others}; add ${to.id} to their root files before ${expiry}, or run kasbah authority rotate --root --continue`,
    ];
  }

  #change(now: Date) {
    const { state } = this.#deps.keeper;
    const change = state.rotation?.stage === "prepared" ? undefined : unbridgedChange(state, now);
    const newRootId = change?.to.id ?? "";
    if (newRootId !== this.#newRootId) this.#known.clear();
    this.#newRootId = newRootId;
    return change;
  }

  #remember(key: string, client: RootClientMessage): void {
    this.#known.set(key, client);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
  }
}
