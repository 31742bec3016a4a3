import { type Clock, type Component, delay, type Logger, Loop, OncePerReason } from "@kasbah/runtime";
import { type Lease, type LeaseClient, LeaseFile, LeaseUnavailable } from "./lease.ts";
import { LeaseSighting } from "./lease-sighting.ts";
import { type Moment, readClocks, Tenure } from "./tenure.ts";

export interface LeaderTiming {
  /** How long the other replicas wait for a silent leader. */
  readonly leaseMs: number;
  /**
   * How long a leader considers itself leader after a renewal. The rest of the lease allows for clocks of
   * different speed.
   */
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

export interface LeaderDeps {
  readonly client: LeaseClient;
  /** The CA's own namespace. */
  readonly namespace: string;
  /** Identifies this process alone, not even an earlier one in the same pod. */
  readonly identity: string;
  /** The name of the lease. */
  readonly name?: string;
  readonly timing?: Partial<LeaderTiming>;
  readonly onChange: (isLeader: boolean) => void;
  /** Whether this replica may lead; one that may not releases the lease. The default is always. */
  readonly mayLead?: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Each CA of a namespace has its own Lease. */
export function leaseName({ installation }: { readonly installation: string }): string {
  return `${installation}-leader`;
}

const usualLease = leaseName({ installation: "kasbah" });
const defaultLeaderTiming: LeaderTiming = { leaseMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** The lease that was read; the CA holds it since `sentAt`, if that is present. */
interface Finding {
  readonly lease: Lease | undefined;
  readonly sentAt?: Moment;
}

/**
 * Elects one leader among the replicas: the one that renews the Lease. Two replicas never lead at the same
 * time: a leader steps down `renewDeadlineMs` after it *sent* its last successful renewal, and another waits
 * `leaseMs` after it *saw* that renewal. Each uses its own monotonic clock; wall clocks are never compared.
 */
export class Leader implements Component {
  readonly name = "leader";
  readonly #deps: LeaderDeps;
  readonly #timing: LeaderTiming;
  readonly #lease: LeaseFile;
  readonly #sighting: LeaseSighting;
  readonly #tenure: Tenure;
  readonly #loop: Loop;
  readonly #trouble = new OncePerReason();
  /** The lease as this process last wrote it, so a renewal does not have to read it first. */
  #own: Lease | undefined;
  #hasClaimed = false;
  #announced = false;

  constructor(deps: LeaderDeps) {
    this.#deps = deps;
    this.#timing = { ...defaultLeaderTiming, ...deps.timing };
    const { leaseMs, renewDeadlineMs, retryMs } = this.#timing;
    if (!(retryMs > 0 && retryMs < renewDeadlineMs && renewDeadlineMs < leaseMs)) {
      throw new RangeError("leader timing must satisfy 0 < retryMs < renewDeadlineMs < leaseMs");
    }
    const { client, namespace, name = usualLease, identity, clock } = deps;
    this.#lease = new LeaseFile({ client, namespace, name });
    this.#sighting = new LeaseSighting({ identity, leaseMs, clock });
    const onEnd = () => this.#announce();
    this.#tenure = new Tenure({ deadlineMs: renewDeadlineMs, onEnd, clock });
    this.#loop = new Loop({ clock, pass: () => this.#campaign() });
  }

  /**
   * True only until the deadline of the last renewal, even if no timer could run. `onChange` may be called
   * later.
   */
  get isLeader(): boolean {
    return this.#tenure.isRunning && this.#mayLead;
  }

  /** Whether another replica has renewed the lease, as far as this one knows. */
  get isAnotherAlive(): boolean {
    const { holder } = this;
    return holder !== "" && holder !== this.#deps.identity && this.#sighting.leftMs() > 0;
  }

  get #mayLead(): boolean {
    return this.#deps.mayLead?.() ?? true;
  }

  /** The holder of the lease when it was last read; empty if there was none. */
  get holder(): string {
    return this.#sighting.holder;
  }

  /** Conditions that need an operator's attention. */
  warnings(): readonly string[] {
    const { reason } = this.#trouble;
    return reason === undefined ? [] : [`leader: cannot renew the lease: ${reason}`];
  }

  async start(): Promise<void> {
    this.#loop.start();
  }

  /**
   * Releases the lease, so that another replica need not wait for its expiry. Takes at most one retry
   * interval.
   */
  async stop(): Promise<void> {
    const { clock } = this.#deps;
    const stopped = this.#loop.stop();
    this.#tenure.end();
    this.#announce();
    const done = new AbortController();
    const tooLong = delay(clock, this.#timing.retryMs, done.signal);
    await Promise.race([stopped.then(() => this.#release()), tooLong]);
    done.abort();
  }

  async #campaign(): Promise<number> {
    // A process that was stopped for a while announces the loss of leadership before it tries to lead again.
    this.#announce();
    await this.#attempt();
    this.#announce();
    return this.#pauseMs();
  }

  /** An attempt takes at most half the deadline, so that after one that hangs there is time for another. */
  async #attempt(): Promise<void> {
    const ending = new AbortController();
    const limitMs = this.#timing.renewDeadlineMs / 2;
    const tooLong = this.#deps.clock.sleep(limitMs, ending.signal).then(() => {
      throw new LeaseUnavailable(`the API server did not answer within ${limitMs} ms`);
    });
    try {
      this.#take(await Promise.race([this.#claim(ending.signal), tooLong]));
      this.#trouble.clear();
    } catch (error) {
      this.#own = undefined;
      if (!this.#loop.signal.aborted) this.#report(error);
    } finally {
      ending.abort();
    }
  }

  /**
   * Draws no conclusion itself, because a response that arrives after its attempt ended must change nothing.
   */
  async #claim(signal: AbortSignal): Promise<Finding> {
    if (!this.#mayLead) return this.#observe();
    const renewed = this.#own === undefined ? undefined : await this.#write(this.#own, signal);
    if (renewed !== undefined) return renewed;
    const lease = await this.#lease.read();
    if (!this.#sighting.isFree(lease)) return { lease };
    return (await this.#write(lease, signal)) ?? { lease };
  }

  /** Gives up a lease that this replica holds, and otherwise only reads it. */
  async #observe(): Promise<Finding> {
    if (this.#own !== undefined) {
      await this.#release();
      this.#hasClaimed = false;
    }
    return { lease: await this.#lease.read() };
  }

  /** Returns undefined if another replica was faster. */
  async #write(lease: Lease | undefined, signal: AbortSignal): Promise<Finding | undefined> {
    signal.throwIfAborted();
    this.#loop.signal.throwIfAborted();
    const { identity: holder, clock } = this.#deps;
    const claim = { holder, durationMs: this.#timing.leaseMs, at: clock.now() };
    const sentAt = readClocks(clock);
    this.#hasClaimed = true;
    const written =
      lease === undefined ? await this.#lease.create(claim) : await this.#lease.replace(lease, claim);
    return written === undefined ? undefined : { lease: written, sentAt };
  }

  #take({ lease, sentAt }: Finding): void {
    if (lease !== undefined) this.#sighting.see(lease);
    this.#own = sentAt && lease;
    const isLost = lease?.spec.holderIdentity !== this.#deps.identity || this.#loop.signal.aborted;
    if (isLost) this.#tenure.end();
    else if (sentAt !== undefined) this.#tenure.renew(sentAt);
  }

  #announce(): void {
    const { isLeader } = this;
    if (isLeader === this.#announced) return;
    this.#announced = isLeader;
    const { logger, identity, onChange } = this.#deps;
    logger.info(isLeader ? "became leader" : "lost leadership", { identity });
    onChange(isLeader);
  }

  /** Pauses no longer than the other replica's lease lasts, so that two retries do not add up. */
  #pauseMs(): number {
    const { retryMs } = this.#timing;
    const leftMs = this.#sighting.leftMs();
    return leftMs > 0 ? Math.min(leftMs, retryMs) : retryMs;
  }

  #report(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#trouble.failed(reason, () =>
      this.#deps.logger.warn("cannot acquire or renew the leader lease", { error }),
    );
  }

  /** Tries twice, because an earlier renewal by this process may arrive in between. */
  async #release(): Promise<void> {
    if (!this.#hasClaimed) return;
    const { identity, clock, logger } = this.#deps;
    try {
      for (let lease = this.#own, tries = 0; tries < 2; tries += 1) {
        lease ??= await this.#lease.read();
        if (lease?.spec.holderIdentity !== identity) return;
        const claim = { holder: "", durationMs: 1000, at: clock.now() };
        if ((await this.#lease.replace(lease, claim)) !== undefined) return;
        lease = undefined;
      }
    } catch (error) {
      logger.info("cannot release the leader lease; it will expire", { error });
    }
  }
}
