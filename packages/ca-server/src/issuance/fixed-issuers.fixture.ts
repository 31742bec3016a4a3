import { TrustBundle } from "@kasbah/pki";
import type { TestAuthority } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import type { Issuer, IssuerSource, ServingIssuer } from "./ports.ts";

/** One root that signs everything, for tests of its callers. */
export function fixedIssuers(root: TestAuthority): IssuerSource & {
  servingIssuer(now: Date): ServingIssuer;
} {
  const { certificate, signingKey } = root;
  const bundle = TrustBundle.from([certificate]);
  const issuer = (now: Date): Issuer => {
    if (now >= certificate.notAfter) throw new CaError("ISSUER_UNAVAILABLE", "the root has expired");
    const latestLeafExpiry = certificate.notAfter;
    return { authorityId: "root-1", certificate, signingKey, intermediates: [], latestLeafExpiry };
  };
  return {
    activeIssuer: issuer,
    servingIssuer: (now) => ({ ...issuer(now), crossCertificates: [] }),
    coverLeaf: async () => undefined,
    trustBundle: () => bundle,
  };
}
