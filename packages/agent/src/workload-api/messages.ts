import { fetchJwtBundles, fetchX509Bundles, fetchX509Svid } from "@kasbah/protocol/workload";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** The messages that streams carry: two of the X.509-SVID profile, and the keys that verify JWT-SVIDs. */
export type WorkloadMessage = "svid" | "bundles" | "jwtBundles";

/** A secret as clients receive it, encoded once for all of them. */
export type WorkloadMessages = Readonly<Record<WorkloadMessage, Uint8Array>>;

/**
 * The trust domain signs no JWT-SVIDs, so no key verifies one. Clients that ask for keys of both kinds, such as
 * go-spiffe's BundleSource, start with an empty set, but wait forever without one.
 */
const noJwtKeys = Buffer.from('{"keys":[]}');

/** Each message is always complete: clients drop everything that a message omits (SPIFFE Workload API §4.4). */
export function encodeMessages(secret: WorkloadSecret): WorkloadMessages {
  const { spiffeId, leaf, intermediates, keyPair, bundle } = secret;
  const roots = concatenated(bundle.roots);
  const svid = {
    spiffeId: spiffeId.toString(),
    certificateChain: concatenated([leaf, ...intermediates]),
    privateKey: keyPair.toPkcs8Der(),
    bundle: roots,
  };
  const trustDomain = `spiffe://${spiffeId.trustDomain}`;
  return {
    svid: fetchX509Svid.response.encode({ svids: [svid] }),
    bundles: fetchX509Bundles.response.encode({ bundles: new Map([[trustDomain, roots]]) }),
    jwtBundles: fetchJwtBundles.response.encode({ bundles: new Map([[trustDomain, noJwtKeys]]) }),
  };
}

function concatenated(certificates: readonly { readonly der: Uint8Array }[]): Uint8Array {
  return Buffer.concat(certificates.map(({ der }) => der));
}
