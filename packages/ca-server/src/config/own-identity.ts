import { PkiError, parseSpiffeId, SpiffeId, type TrustDomain } from "@kasbah/pki";
import { option, schema } from "@kasbah/runtime";

/** The service account of the chart and of `kasbah install`. */
const ownServiceAccount = "kasbah";

/** The CA's own identity. */
export const ownIdentityOptions = {
  ownSpiffeId: option({
    flag: "--own-spiffe-id <id>",
    env: "KASBAH_OWN_SPIFFE_ID",
    help: "SPIFFE ID in the serving certificate, which agents with --ca-spiffe-id require and no other caller obtains; none for no SPIFFE ID",
    schema: schema.parsed(parseOwnSpiffeId, "SPIFFE ID, or none"),
    optional: true,
    defaultHelp: "spiffe://<trust domain>/ns/<--namespace>/sa/kasbah",
    group: "General",
  }),
};

interface OwnIdentityConfig {
  readonly ownSpiffeId: SpiffeId | "none" | undefined;
  readonly trustDomain: TrustDomain;
  /** The namespace of the CA. */
  readonly namespace: string;
}

/** The CA's own SPIFFE ID; undefined if its serving certificate has none. */
export function ownSpiffeIdOf({
  ownSpiffeId,
  trustDomain,
  namespace,
}: OwnIdentityConfig): SpiffeId | undefined {
  if (ownSpiffeId === "none") return undefined;
  if (ownSpiffeId !== undefined) return ownSpiffeId;
  try {
    return SpiffeId.forWorkload(trustDomain, { namespace, serviceAccount: ownServiceAccount });
  } catch (error) {
    // A namespace that Kubernetes would not accept, outside a cluster.
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}

/** The SPIFFE ID of a CA whose options are unknown. */
export function defaultOwnSpiffeId(trustDomain: TrustDomain): SpiffeId {
  return SpiffeId.forWorkload(trustDomain, { namespace: "kasbah-system", serviceAccount: ownServiceAccount });
}

/** Checks the SPIFFE ID against the trust domain. */
export function ownIdentityProblems({ ownSpiffeId, trustDomain }: OwnIdentityConfig): readonly string[] {
  if (ownSpiffeId === undefined || ownSpiffeId === "none") return [];
  if (ownSpiffeId.trustDomain.name === trustDomain.name) return [];
  return [`--own-spiffe-id: is not in the trust domain ${trustDomain.name}; change it, or --trust-domain`];
}

function parseOwnSpiffeId(text: string): SpiffeId | "none" {
  if (text === "none") return text;
  const spiffeId = parseSpiffeId(text);
  if (spiffeId.path !== "") return spiffeId;
  throw new Error("expected a SPIFFE ID with a path, or none");
}
