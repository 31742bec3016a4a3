import { type Certificate, looksSelfSigned, type TrustBundle } from "@kasbah/pki";
import type { ReplyFault } from "../errors.ts";

type ChainFault = Extract<ReplyFault, "extra_certificates" | "out_of_order">;

/** The parts of a reply from which the intermediates are selected. */
export interface ReplyChain {
  readonly leaf: Certificate;
  readonly between: readonly Certificate[];
  /** The roots of the reply's last element and the trusted roots. */
  readonly roots: TrustBundle;
}

/**
 * Returns the intermediates, starting with the leaf's issuer. A root is dropped: CAs with a plugged-in chain
 * (Istio) repeat it here, and some peers reject a handshake that contains it. An intermediate stays, even if
 * it is trusted here, because other peers may trust only its root. Any other certificate outside the leaf's
 * path makes the reply invalid.
 */
export function selectIntermediates({
  leaf,
  between,
  roots,
}: ReplyChain): readonly Certificate[] | ChainFault {
  const given = between.filter((one) => !(looksSelfSigned(one) && roots.contains(one)));
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
