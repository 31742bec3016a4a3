import type { LedgerHead } from "../../authorities/rotation/authority-state.ts";

/** The identity of a replica's ledger. */
export interface LedgerHome {
  /** The name of the state directory's volume, which is on it. */
  readonly volumeId: string;
  /** The pod or the volume, as the cluster names it; undefined outside a cluster. */
  readonly place: string | undefined;
  /** Whether replicas with ledgers of their own share the control state. */
  readonly isShared: boolean;
}

/** The head of this replica's ledger; undefined if none is recorded. @param origin of its present key, if there is one */
export function ownHeadOf(
  heads: readonly LedgerHead[],
  origin: string | undefined,
  home: LedgerHome,
): LedgerHead | undefined {
  const own =
    heads.find((head) => head.origin === origin) ??
    heads.find(({ holder }) => holder === home.volumeId) ??
    heads.find(({ place }) => place !== undefined && place === home.place);
  if (own !== undefined || home.isShared) return own;
  return heads.toSorted((one, other) => (one.time < other.time ? 1 : -1))[0];
}
