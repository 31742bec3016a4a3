import type { Certificate, SkippedRoot } from "@kasbah/pki";

/** The certificates that a target holds or presents. The type has no field for a key. */
export interface Findings {
  /** Leaf first, in the order presented. */
  readonly chain: readonly Certificate[];
  /** The trust bundle, if the target serves one. */
  readonly roots?: readonly Certificate[];
  /** The blocks of a file or a trust bundle that are not usable certificates. */
  readonly skipped?: readonly SkippedRoot[];
}
