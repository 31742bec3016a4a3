import type { Certificate, TrustBundle } from "@kasbah/pki";
import { encodeCertificateReply, encodeChainElements } from "@kasbah/protocol";
import { forEarlierAgents } from "../authorities/plugged-in/earlier-releases.ts";
import type { Issuance } from "../issuance/issue-certificate.ts";

/** The certificates above the leaf, encoded, and the values that they were encoded from. */
interface ReplyTail {
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly octets: Uint8Array;
}

/**
 * Encodes replies. All leaves of an issuer have the same chain and trust bundle, so these are encoded once for each
 * state of the authorities, which has its own objects.
 */
export class IssuedReplies {
  #usual: ReplyTail | undefined;
  #earlier: ReplyTail | undefined;

  /**
   * Exactly as in stock CAs: one certificate in each element, and the whole root bundle as the last element.
   * Clients take the last element as the roots, and ztunnel drops all but the first certificate of every other
   * element. `isEarlier` marks an agent of an earlier release.
   */
  encode({ certificate, issuer, bundle }: Issuance, isEarlier: boolean): Uint8Array {
    const before = isEarlier ? this.#earlier : this.#usual;
    const { intermediates } = issuer;
    const isCurrent = before?.intermediates === intermediates && before.bundle === bundle;
    const tail = isCurrent ? before : tailOf(intermediates, bundle, isEarlier);
    if (isEarlier) this.#earlier = tail;
    else this.#usual = tail;
    return encodeCertificateReply(certificate.toPem(), tail.octets);
  }
}

function tailOf(intermediates: readonly Certificate[], bundle: TrustBundle, isEarlier: boolean): ReplyTail {
  const roots = isEarlier ? forEarlierAgents(bundle) : bundle;
  const octets = encodeChainElements([...intermediates.map((each) => each.toPem()), roots.toPem()]);
  return { intermediates, bundle, octets };
}
