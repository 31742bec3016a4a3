import { type CertificateRequest, leafCommonName, type PublicKey, type SpiffeId } from "@kasbah/pki";
import { CaError } from "../errors.ts";
import type { Caller } from "./ports.ts";

/** Bounds of every lifetime that is asked for. */
export interface IssuancePolicy {
  readonly defaultTtlMs: number;
  readonly maxTtlMs: number;
}

/** What a caller asks for, after its CSR proved possession of the key. */
export interface RequestedOrder {
  readonly request: CertificateRequest;
  /** Zero or less asks for the default. */
  readonly ttlMs: number;
  /** Another workload's SPIFFE ID; "" asks for the caller's own. */
  readonly impersonatedIdentity: string;
}

class Order {
  readonly spiffeId: SpiffeId;
  readonly publicKey: PublicKey;
  readonly ttlMs: number;
  readonly commonName: string | undefined;
  /** A private member makes the type nominal: no object literal passes for an approved order. */
  readonly #request: CertificateRequest;

  constructor(caller: Caller, request: CertificateRequest, ttlMs: number) {
    this.spiffeId = caller.spiffeId;
    this.publicKey = request.publicKey;
    this.ttlMs = ttlMs;
    this.#request = request;
    this.commonName = leafCommonName(request, caller.spiffeId);
  }

  /** What the CSR asked for beyond its key and was not given. */
  get ignored(): readonly string[] {
    return this.#request.ignored;
  }
}

/** An order that may be signed. Only {@link approve} can make one, so that nothing unapproved reaches the key. */
export type ApprovedOrder = Order;

/**
 * Decides whether the caller may have what it asks for. The name is the caller's, the key is the CSR's, all else is the
 * profile's; names and extensions of the CSR are ignored, as stock CAs do and stock agents rely on.
 *
 * @throws CaError `IMPERSONATION_REFUSED`, `TTL_TOO_LONG`.
 */
export function approve(caller: Caller, asked: RequestedOrder, policy: IssuancePolicy): ApprovedOrder {
  refuseImpersonation(asked.impersonatedIdentity);
  return new Order(caller, asked.request, approveTtl(asked.ttlMs, policy));
}

/** Answering with the caller's own name would hand a node proxy the wrong identity for its pod. */
function refuseImpersonation(impersonatedIdentity: string): void {
  if (impersonatedIdentity === "") return;
  throw new CaError(
    "IMPERSONATION_REFUSED",
    "this CA gives no caller another workload's identity: remove ImpersonatedIdentity from the request's metadata",
  );
}

/** Too long is an error and never clamped: a clamped certificate would end before the caller plans to rotate. */
function approveTtl(ttlMs: number, policy: IssuancePolicy): number {
  if (ttlMs <= 0) return policy.defaultTtlMs;
  if (ttlMs <= policy.maxTtlMs) return ttlMs;
  throw new CaError(
    "TTL_TOO_LONG",
    `validity_duration ${ttlMs / 1000} s is greater than the maximum ${policy.maxTtlMs / 1000} s: ask for less, or 0 for the default`,
  );
}
