import { type Clock, type LogFacts, type Logger, NetworkCounts, peerGroup } from "@kasbah/runtime";
import { PeerLimit } from "../recording/peer-limit.ts";
import { networksText } from "./networks-text.ts";
import { Outages } from "./outages.ts";

/** A refused call, as it is logged. */
export interface RefusalLine {
  readonly code: string;
  readonly level: "info" | "warn" | "error";
  /** Whether the CA, and not the caller, is the reason; then only the first refusal of an outage has its level. */
  readonly isOutage: boolean;
  readonly peerAddress: string;
  /** The authenticated caller; undefined if it is not authenticated. */
  readonly caller: string | undefined;
  readonly error: unknown;
  readonly facts: LogFacts;
}

export interface RefusalLinesDeps {
  readonly onUnlogged: () => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A pod whose token is wrong retries a few times a minute. */
const perAddress = { burst: 20, perMinute: 20 };
/** All unauthenticated callers together. At a kilobyte a line, this is less than 200 MB a day. */
const inTotal = { burst: 120, perMinute: 120 };
const perCaller = { burst: 30, perMinute: 30 };
const perOutage = { burst: 10, perMinute: 10 };
const mostNetworks = 3;

/**
 * Logs refused calls one by one within a budget, and counts the rest. Callers that are not authenticated share one
 * budget, so that they cannot hide the lines of others or fill a disk; every authenticated caller has its own.
 */
export class RefusalLines {
  readonly #deps: RefusalLinesDeps;
  readonly #addresses: PeerLimit;
  readonly #total: PeerLimit;
  readonly #callers: PeerLimit;
  readonly #errors: PeerLimit;
  readonly #outages: Outages;
  readonly #unlogged = new NetworkCounts();
  readonly #codes = new Map<string, number>();

  constructor(deps: RefusalLinesDeps) {
    const { clock } = deps;
    this.#deps = deps;
    this.#addresses = new PeerLimit(perAddress, clock);
    this.#total = new PeerLimit(inTotal, clock);
    this.#callers = new PeerLimit(perCaller, clock);
    this.#errors = new PeerLimit(perOutage, clock);
    this.#outages = new Outages(clock);
  }

  write(line: RefusalLine): void {
    const { code, peerAddress, error, facts } = line;
    const level = this.#levelOf(line);
    if (level === undefined) {
      this.#deps.onUnlogged();
      this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
      this.#unlogged.add(peerGroup(peerAddress));
      return;
    }
    this.#deps.logger[level]("request refused", { code, ...facts, peerAddress, error });
  }

  /** Logs what was not logged one by one since the last call. */
  summarize(): void {
    if (this.#unlogged.total === 0) return;
    const { total, top } = this.#unlogged.take(mostNetworks);
    const codes = Object.fromEntries(this.#codes);
    this.#codes.clear();
    this.#deps.logger.info("more requests refused than are logged one by one", {
      ...{ count: total, codes, from: networksText(top) },
    });
  }

  /** Undefined if the budget is spent. */
  #levelOf({
    code,
    level,
    isOutage,
    peerAddress,
    caller,
    error,
  }: RefusalLine): RefusalLine["level"] | undefined {
    if (isOutage) {
      const begins = this.#outages.begins(`${code} ${error instanceof Error ? error.message : ""}`);
      if (begins && this.#errors.take("")) return level;
    }
    const isWithin =
      caller === undefined
        ? this.#addresses.take(peerGroup(peerAddress)) && this.#total.take("")
        : this.#callers.take(caller);
    if (!isWithin) return undefined;
    return isOutage ? "info" : level;
  }
}
