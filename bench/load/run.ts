import type { ClientHttp2Session } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { distinctNames } from "../materials/workload.ts";
import { loadRounds, type Round } from "./ammunition.ts";
import { chainIn } from "./chain.ts";
import { type ClientIdentity, Dialer } from "./connection.ts";
import { type Call, dialects } from "./dialects.ts";
import { exchange } from "./exchange.ts";
import { hostileForm } from "./hostile.ts";
import type { Order, Outcome, Target } from "./order.ts";
import { Tally } from "./tally.ts";

const hostileCallers = 16;
const lifetimeSeconds = 86_400;

/** The callers of one CA; their connections last from run to run. */
export class Callers {
  readonly #target: Target;
  readonly #dialer: Dialer;
  readonly #kept: ClientHttp2Session[] = [];
  #rounds: readonly Round[] = [];
  #identities: readonly ClientIdentity[] = [];

  constructor(target: Target) {
    this.#target = target;
    this.#dialer = new Dialer(target);
  }

  /** Reads what the calls present, opens the connections that are kept, and obtains the callers' certificates. */
  async prepare(order: Order): Promise<void> {
    this.#rounds = loadRounds(order);
    this.#identities = order.credential === "certificate" ? await this.#obtainIdentities(order.calls) : [];
    if (order.newConnections) return;
    for (let caller = 0; caller < order.callers; caller += 1) await opened(this.#session(caller));
  }

  async run(order: Order): Promise<Outcome> {
    const tally = new Tally();
    await (order.perSecond === undefined
      ? this.#closedLoop(order, tally)
      : this.#paced(order, order.perSecond, tally));
    return tally.outcome();
  }

  async #closedLoop(order: Order, tally: Tally): Promise<void> {
    let next = 0;
    const caller = async (id: number) => {
      while (next < order.calls) await this.#call(order, id, next++, performance.now(), tally);
    };
    await Promise.all(Array.from({ length: order.callers }, (_, id) => caller(id)));
  }

  /** Latency counts from the moment at which a call was due, so a CA that falls behind cannot hide it. */
  async #paced(order: Order, perSecond: number, tally: Tally): Promise<void> {
    const startedMs = performance.now();
    const calls: Promise<void>[] = [];
    for (let index = 0; index < order.calls; index += 1) {
      const dueMs = startedMs + (index * 1000) / perSecond;
      if (dueMs - performance.now() > 1) await sleep(dueMs - performance.now());
      calls.push(this.#call(order, index % order.callers, index, dueMs, tally));
    }
    await Promise.all(calls);
  }

  async #call(order: Order, caller: number, index: number, sinceMs: number, tally: Tally): Promise<void> {
    const { hostileEvery } = order;
    const honest = this.#callAt(order, index);
    if (hostileEvery !== undefined && index % hostileEvery === 0) {
      // Hostile calls have connections of their own.
      const id = order.callers + (caller % hostileCallers);
      const failure = await this.#attempt(order, id, index, hostileForm(honest, index / hostileEvery));
      if (failure === "") tally.hostileServed += 1;
      return;
    }
    const failure = await this.#attempt(order, caller, index, honest);
    if (failure === "") tally.served(performance.now() - sinceMs);
    else tally.failed(failure);
  }

  async #attempt({ newConnections }: Order, caller: number, index: number, call: Call): Promise<string> {
    if (!newConnections) return (await exchange(this.#session(caller), call)).failure;
    const session = this.#dialer.open(this.#identities[index]);
    const { failure } = await exchange(session, call);
    session.destroy();
    return failure;
  }

  #callAt({ credential }: Pick<Order, "credential">, index: number): Call {
    const isToken = credential === "token";
    const csr = this.#rounds[isToken ? index : index + distinctNames]?.csr ?? "";
    const token = isToken ? (this.#rounds[index]?.token ?? "") : "";
    return dialects[this.#target.dialect]({ token, csr, lifetimeSeconds });
  }

  #session(caller: number): ClientHttp2Session {
    const kept = this.#kept[caller];
    if (kept !== undefined && !kept.destroyed && !kept.closed) return kept;
    const session = this.#dialer.open();
    this.#kept[caller] = session;
    return session;
  }

  async #obtainIdentities(count: number): Promise<readonly ClientIdentity[]> {
    const session = this.#dialer.open();
    const identities: ClientIdentity[] = [];
    for (const [index, { key }] of this.#rounds.slice(0, count).entries()) {
      const { failure, body } = await exchange(session, this.#callAt({ credential: "token" }, index));
      if (failure !== "") throw new Error(`no certificate to call with: ${failure}`);
      identities.push({ key, chain: chainIn(body) });
    }
    session.destroy();
    return identities;
  }
}

async function opened(session: ClientHttp2Session): Promise<void> {
  if (!session.connecting) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  session.once("connect", () => resolve());
  session.once("close", () => reject(new Error("the CA closed a new connection")));
  await promise;
}
