import type { HeldRoots } from "../ca/roots/held-roots.ts";
import type { Wake } from "../rotation/wake.ts";

/** What the cache needs of where the secret comes from. */
export interface CacheSupply {
  /** Under which a cached secret must verify again. */
  readonly roots: HeldRoots;
  /** Rings when our name or those roots may have changed. */
  readonly changes: Wake;
}
