import type { Certificate } from "@kasbah/pki";

/** What a target holds or presents. There is no room for a key in it. */
export interface Findings {
  /** Leaf first, in the order in which they were presented. */
  readonly chain: readonly Certificate[];
  /** The trust bundle, where the target serves one. */
  readonly roots?: readonly Certificate[];
}
