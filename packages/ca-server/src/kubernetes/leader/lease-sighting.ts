import type { Clock } from "@kasbah/runtime";
import type { Lease } from "./lease.ts";

export interface LeaseSightingDeps {
  readonly identity: string;
  /** What we would write ourselves. */
  readonly leaseMs: number;
  readonly clock: Clock;
}

/**
 * What one candidate has seen of the lease. It judges another's by its own monotonic clock since it first saw that
 * version, and never compares the holder's time with its own.
 */
export class LeaseSighting {
  readonly #deps: LeaseSightingDeps;
  #seen: { readonly lease: Lease; readonly atMs: number } | undefined;

  constructor(deps: LeaseSightingDeps) {
    this.#deps = deps;
  }

  /** Empty for nobody. */
  get holder(): string {
    return this.#seen?.lease.spec.holderIdentity ?? "";
  }

  see(lease: Lease): void {
    if (versionOf(lease) === versionOf(this.#seen?.lease)) return;
    this.#seen = { lease, atMs: this.#deps.clock.monotonicMs() };
  }

  /**
   * Whether the lease, as it was just read, may be claimed. One that was deleted frees nobody of waiting for its end:
   * its holder does not know yet. Only who never saw a lease takes an absent one for the first.
   */
  isFree(lease: Lease | undefined): boolean {
    if (lease !== undefined && this.#isOpen(lease)) return true;
    if (this.#seen === undefined) return lease === undefined;
    const isKnown = lease === undefined || versionOf(lease) === versionOf(this.#seen.lease);
    return isKnown && this.leftMs() <= 0;
  }

  /** How long the holder seen last is to be left alone; nothing where there is none, or it is ourselves. */
  leftMs(): number {
    if (this.#seen === undefined || this.#isOpen(this.#seen.lease)) return 0;
    const { lease, atMs } = this.#seen;
    // Its holder may have been started with a longer lease than ours.
    const durationMs = Math.max(this.#deps.leaseMs, (lease.spec.leaseDurationSeconds ?? 0) * 1000);
    return atMs + durationMs - this.#deps.clock.monotonicMs();
  }

  #isOpen({ spec }: Lease): boolean {
    return spec.holderIdentity === "" || spec.holderIdentity === this.#deps.identity;
  }
}

/** Any write is a sign of life, so that also one whose clock stands still is seen to renew. */
function versionOf(lease: Lease | undefined): string {
  return lease === undefined ? "" : `${lease.metadata.uid} ${lease.metadata.resourceVersion}`;
}
