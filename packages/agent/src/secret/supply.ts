import type { TrustBundle } from "@kasbah/pki";
import type { Component, HostPort } from "@kasbah/runtime";
import type { WorkloadSecret } from "./secret-store.ts";

/** The source of the workload's secret: a CA, or mounted files that another program renews. */
export interface Supply {
  readonly components: readonly Component[];
  /** The configured CAs; empty if mounted files replace them. */
  readonly caAddresses: readonly HostPort[];
  /** Undefined if secrets from this source are not cached. */
  readonly cache: CacheTrust | undefined;
  /** The directory of the mounted files that replace a CA. */
  readonly mountedCerts: string | undefined;
  /** Rotates now; undefined if another program renews the secret. */
  readonly demand: RotationRequests | undefined;
  clockOffsetMs(): number | undefined;
  warnings(): readonly string[];
}

/** Requests to rotate before it is due. */
export interface RotationRequests {
  /** Resolves with the outcome of one attempt: the new secret, or the reason why it failed. */
  request(
    signal: AbortSignal,
  ): Promise<
    | { readonly secret: WorkloadSecret }
    | { readonly failure: { readonly error: unknown; readonly code: string; readonly retryInMs: number } }
  >;
}

/** What a cached secret is verified against before it is served again. */
export interface CacheTrust {
  readonly roots: CacheRoots;
  /** `next` aborts when the workload's identity or these roots may have changed. */
  readonly changes: { readonly next: AbortSignal };
}

/** The roots that the agent trusts: those of a file, and those learned from the CA. */
export interface CacheRoots {
  /** Reads the root file and returns all trusted roots. Throws ROOTS_UNREADABLE. */
  load(): Promise<TrustBundle>;
  /** The roots that would be trusted after `learn(reply)`. */
  with(reply: TrustBundle): TrustBundle;
  learn(reply: TrustBundle): void;
  /** The roots learned last. */
  readonly learned: TrustBundle | undefined;
}
