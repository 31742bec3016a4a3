import type { Certificate, TrustBundle } from "@kasbah/pki";
import type { ReplyFault } from "../errors.ts";

type ChainFault = Extract<ReplyFault, "extra_certificates" | "out_of_order">;

/** What stands between the leaf and the last element of a reply. */
export interface ReplyChain {
  readonly leaf: Certificate;
  readonly between: readonly Certificate[];
  /** Every root of the reply's last element and those that we hold. */
  readonly roots: TrustBundle;
}

/**
 * The intermediates, the leaf's issuer first. CAs with a plugged-in chain repeat the root there (Istio does), which is left out:
 * presented in a handshake it makes some peers refuse. Any other certificate that does not lead from the leaf upwards makes
 * the reply one that we do not understand.
 */
export function intermediatesOf({ leaf, between, roots }: ReplyChain): readonly Certificate[] | ChainFault {
  const given = between.filter((certificate) => !roots.contains(certificate));
  const rest = new Set(given);
  const path: Certificate[] = [];
  for (let child = leaf; ; ) {
    const issuer = [...rest].find((certificate) => child.isIssuedBy(certificate));
    if (issuer === undefined) break;
    path.push(issuer);
    rest.delete(issuer);
    child = issuer;
  }
  if (rest.size > 0) return "extra_certificates";
  return path.every((certificate, index) => certificate === given[index]) ? path : "out_of_order";
}
