import type { Clock } from "@kasbah/runtime";
import type { Lease } from "./lease.ts";

export interface LeaseSightingDeps {
  readonly identity: string;
  /** The duration that this replica would write. */
  readonly leaseMs: number;
  readonly clock: Clock;
}

/**
 * One candidate's view of the lease. It measures another holder's lease with its own monotonic clock since it
 * first saw that version, and never compares the holder's time with its own.
 */
export class LeaseSighting {
  readonly #deps: LeaseSightingDeps;
  #seen: { readonly lease: Lease; readonly atMs: number } | undefined;

  constructor(deps: LeaseSightingDeps) {
    this.#deps = deps;
  }

  /** Empty if the lease has no holder. */
  get holder(): string {
    return this.#seen?.lease.spec.holderIdentity ?? "";
  }

  see(lease: Lease): void {
    if (versionOf(lease) === versionOf(this.#seen?.lease)) return;
    this.#seen = { lease, atMs: this.#deps.clock.monotonicMs() };
  }

  /**
   * Whether the lease that was just read may be claimed. A deleted lease does not shorten the wait, because
   * its holder may not have noticed. Only a replica that never saw a lease treats a missing one as free.
   */
  isFree(lease: Lease | undefined): boolean {
    if (lease !== undefined && this.#isOpen(lease)) return true;
    if (this.#seen === undefined) return lease === undefined;
    const isKnown = lease === undefined || versionOf(lease) === versionOf(this.#seen.lease);
    return isKnown && this.leftMs() <= 0;
  }

  /** How long to wait for the last holder; zero if there is none or if it is this process. */
  leftMs(): number {
    if (this.#seen === undefined || this.#isOpen(this.#seen.lease)) return 0;
    const { lease, atMs } = this.#seen;
    // The holder may have been started with a longer lease than this replica.
    const durationMs = Math.max(this.#deps.leaseMs, (lease.spec.leaseDurationSeconds ?? 0) * 1000);
    return atMs + durationMs - this.#deps.clock.monotonicMs();
  }

  #isOpen({ spec }: Lease): boolean {
    return spec.holderIdentity === "" || spec.holderIdentity === this.#deps.identity;
  }
}

/** Any write proves that the holder is alive, even if its clock is frozen. */
function versionOf(lease: Lease | undefined): string {
  return lease === undefined ? "" : `${lease.metadata.uid} ${lease.metadata.resourceVersion}`;
}
