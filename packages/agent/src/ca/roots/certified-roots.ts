import { Certificate, MeshError, TrustBundle, verifyAuthorityChain } from "@kasbah/pki";

export interface OfferedRoots {
  /** The roots that the agent trusts. */
  readonly held: TrustBundle;
  /** The roots in the CA's reply. */
  readonly offered: TrustBundle;
  /** The certificates of the CA's verified TLS, in DER. */
  readonly serverChain: readonly Uint8Array[];
  readonly now: Date;
}

/**
 * Returns the held roots and those offered roots whose name and key a held root certifies in the CA's TLS, by a
 * cross-certificate or several. So an agent that starts with an old root file reaches the CA's present root.
 */
export function withCertifiedRoots({ held, offered, serverChain, now }: OfferedRoots): TrustBundle {
  const candidates = offered.roots.filter((root) => !held.contains(root));
  if (candidates.length === 0) return held;
  const crosses = crossesIn(serverChain);
  const certified = candidates.filter((root) =>
    crosses.some((cross) => certifies(cross, root) && leadsTo(held, cross, crosses, now)),
  );
  return certified.length === 0 ? held : held.union(TrustBundle.from(certified));
}

function crossesIn(serverChain: readonly Uint8Array[]): readonly Certificate[] {
  return serverChain.flatMap((der) => {
    try {
      const one = new Certificate(der);
      return isUnlimited(one) ? [one] : [];
    } catch (error) {
      // TLS has accepted it, but it is of no use here.
      if (error instanceof MeshError) return [];
      throw error;
    }
  });
}

/** A CA with limits must not become a root, which has none: a stolen intermediate could last forever. */
function isUnlimited({ isCa, extensions }: Certificate): boolean {
  const { pathLength, nameConstraints, purposes } = extensions;
  return isCa && pathLength === undefined && nameConstraints === undefined && purposes === undefined;
}

function certifies(cross: Certificate, root: Certificate): boolean {
  const isSameName = Buffer.compare(cross.subject, root.subject) === 0;
  return isSameName && cross.publicKey.equals(root.publicKey) && root.isIssuedBy(root);
}

function leadsTo(
  bundle: TrustBundle,
  authority: Certificate,
  crosses: readonly Certificate[],
  now: Date,
): boolean {
  const rest = new Set(crosses);
  const intermediates: Certificate[] = [];
  for (let child = authority; !bundle.roots.some((root) => child.isIssuedBy(root)); ) {
    rest.delete(child);
    const issuer = [...rest].find((one) => child.isIssuedBy(one));
    if (issuer === undefined) return false;
    intermediates.push(issuer);
    child = issuer;
  }
  try {
    verifyAuthorityChain({ authority, intermediates, bundle, now });
    return true;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}
