import { fetchX509Bundles, fetchX509Svid } from "@kasbah/protocol";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** What the two streams of the X.509-SVID profile carry. */
export type Profile = "svid" | "bundles";

/** A secret as the clients get it, encoded once for all of them. */
export type Messages = Readonly<Record<Profile, Uint8Array>>;

/** Both messages are whole each time: what is absent from one counts as withdrawn (SPIFFE Workload API §4.4). */
export function messagesOf({ spiffeId, leaf, intermediates, keyPair, bundle }: WorkloadSecret): Messages {
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
