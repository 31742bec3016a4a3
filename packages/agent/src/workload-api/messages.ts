import { fetchX509Bundles, fetchX509Svid } from "@kasbah/protocol/workload";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** The two messages of the X.509-SVID profile. */
export type WorkloadMessage = "svid" | "bundles";

/** A secret as clients receive it, encoded once for all of them. */
export type WorkloadMessages = Readonly<Record<WorkloadMessage, Uint8Array>>;

/** Both messages are always complete: clients drop everything that a message omits (SPIFFE Workload API §4.4). */
export function encodeMessages(secret: WorkloadSecret): WorkloadMessages {
  const { spiffeId, leaf, intermediates, keyPair, bundle } = secret;
  const roots = concatenated(bundle.roots);
  const svid = {
    spiffeId: spiffeId.toString(),
    certificateChain: concatenated([leaf, ...intermediates]),
    privateKey: keyPair.toPkcs8Der(),
    bundle: roots,
  };
  const bundles = new Map([[`spiffe://${spiffeId.trustDomain}`, roots]]);
  return {
    svid: fetchX509Svid.response.encode({ svids: [svid] }),
    bundles: fetchX509Bundles.response.encode({ bundles }),
  };
}

function concatenated(certificates: readonly { readonly der: Uint8Array }[]): Uint8Array {
  return Buffer.concat(certificates.map(({ der }) => der));
}
