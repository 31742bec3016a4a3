import type { IdentityTotalsMessage, OverviewMessage } from "@kasbah/protocol";
import type { CliError } from "../errors.ts";

/** The overviews of all replicas of a CA. One without replicas counts as one. */
export interface Overviews {
  /**
   * A replica knows only the certificates that it issued itself, so it also lists identities as late that have renewed
   * at another replica.
   */
  readonly given: readonly { readonly replica: string; readonly overview: OverviewMessage }[];
  /** The replicas that did not answer, and why: `ADMIN_OUTDATED` if one has an earlier release. */
  readonly missing: readonly { readonly replica: string; readonly error: CliError }[];
  /** Of all replicas that answered, together. */
  readonly identities: IdentityTotalsMessage;
}
