import {
  type Contender,
  cpuSecondsOf,
  type Launch,
  peakOf,
  type RunningContender,
} from "../contenders/contender.ts";
import { LoadGenerator } from "../load/load-generator.ts";
import type { Order, Outcome } from "../load/order.ts";
import type { Materials, TokenKind } from "../materials/materials.ts";
import type { RequestKey } from "../materials/requests.ts";
import { distinctNames } from "../materials/workload.ts";

/** The calls of a run, apart from the tokens and requests that they use up. */
export interface Calls extends Omit<Order, "supply"> {
  readonly requestKey: RequestKey;
  readonly token: "RS256" | "ES256";
}

/** What pods of a mesh with P-256 keys send, over connections that stay open. */
export const usualCalls = {
  requestKey: "P-256",
  token: "RS256",
  credential: "token",
  newConnections: false,
} as const;

const warmUpBatch = 2_000;

/** One run, measured from both sides. */
export interface Sample extends Outcome {
  readonly perSecond: number;
  /** CPU time of the CA for each certificate; NaN if it cannot be read. */
  readonly cpuMs: number;
  readonly clientCpuMs: number;
}

/** A running CA with the load generator that calls it. Every token and every key is used once, unless they run out. */
export class MeasuredCa {
  readonly name: string;
  readonly running: RunningContender;
  /** Certificates per second when many callers ask as fast as they can. */
  capacity = Number.NaN;
  readonly #load: LoadGenerator;
  readonly #materials: Materials;
  readonly #lines: number;
  /** The next unused line of each file. */
  readonly #used = new Map<string, number>();

  private constructor(
    name: string,
    running: RunningContender,
    load: LoadGenerator,
    materials: Materials,
    lines: number,
  ) {
    this.name = name;
    this.running = running;
    this.#load = load;
    this.#materials = materials;
    this.#lines = lines;
  }

  /** After `lines` tokens and requests, the first ones are used again: millions would not fit into memory. */
  static async start(
    contender: Contender,
    launch: Launch,
    folder: string,
    materials: Materials,
    lines = Number.POSITIVE_INFINITY,
  ): Promise<MeasuredCa> {
    const running = await contender.start(launch, folder, materials);
    const load = await LoadGenerator.start(running.target);
    return new MeasuredCa(contender.name, running, load, materials, lines);
  }

  async measure(calls: Calls): Promise<Sample> {
    return this.#run({ ...calls, supply: await this.#take(calls) });
  }

  /**
   * Calls by many callers at once, which compile the code of the CA and find its capacity. Their tokens and requests
   * are used again in each batch, except by a CA that accepts a token once.
   */
  async warmUp({ callers, calls }: Pick<Calls, "callers" | "calls">): Promise<void> {
    const batch = { ...usualCalls, callers, calls: Math.min(calls, warmUpBatch) };
    let supply = await this.#take(batch);
    for (let done = 0; done < calls; done += batch.calls) {
      if (done > 0 && this.running.target.dialect === "step-ca") supply = await this.#take(batch);
      this.capacity = (await this.#run({ ...batch, supply })).perSecond;
    }
  }

  async #run(order: Order): Promise<Sample> {
    await this.#load.prepare(order);
    const before = cpuSecondsOf(this.running);
    const outcome = await this.#load.run(order);
    const cpuSeconds = cpuSecondsOf(this.running) - before;
    return {
      ...outcome,
      perSecond: outcome.served / outcome.seconds,
      cpuMs: (cpuSeconds * 1000) / outcome.served,
      clientCpuMs: (outcome.clientCpuSeconds * 1000) / outcome.served,
    };
  }

  /** The highest resident memory so far, in MiB. */
  get peakMib(): number {
    return peakOf(this.running);
  }

  async stop(): Promise<void> {
    await this.#load.stop();
    await this.running.stop();
  }

  /** Both files repeat the same names, so a token and a request belong together from a multiple of their number. */
  async #take({ requestKey, token, calls, credential }: Calls) {
    const kind: TokenKind = this.running.target.dialect === "step-ca" ? "step" : token;
    const lines = credential === "certificate" ? calls + distinctNames : calls;
    const [firstToken, firstRequest] = [this.#next(kind, lines), this.#next(requestKey, lines)];
    return {
      tokensPath: await this.#materials.tokens(kind, firstToken + lines),
      requestsPath: await this.#materials.requests(requestKey, firstRequest + lines),
      firstToken,
      firstRequest,
    };
  }

  #next(file: string, lines: number): number {
    const next = this.#used.get(file) ?? 0;
    const first = next + lines > this.#lines ? 0 : next;
    this.#used.set(file, first + Math.ceil(lines / distinctNames) * distinctNames);
    return first;
  }
}
