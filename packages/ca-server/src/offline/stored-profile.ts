import { authorityKeyTypeNames, type TrustDomain } from "@kasbah/pki";
import { type AuthorityState, authorityOf } from "../authorities/rotation/authority-state.ts";
import type { AuthorityKind } from "../authorities/rotation/stored-authority.ts";
import type { SelfSignedProfile } from "../authorities/self-signed.ts";

const dayMs = 86_400_000;
const standardTtlMs: Readonly<Record<AuthorityKind, number>> = {
  root: 3650 * dayMs,
  intermediate: 365 * dayMs,
};

/**
 * The profile of the authorities that a stopped CA creates. Its flags are unknown, so a new authority resembles the
 * existing ones.
 */
export function profileOf(state: AuthorityState, trustDomain: TrustDomain): SelfSignedProfile {
  const signer = authorityOf(state, state.signerId);
  const rootTtlMs = longestLifetime(state, "root");
  return {
    trustDomain,
    keyType: authorityKeyTypeNames.find((type) => type === signer.certificate.publicKey.type) ?? "P-256",
    rootTtlMs,
    intermediateTtlMs: Math.min(longestLifetime(state, "intermediate"), rootTtlMs),
    withIntermediate: signer.kind === "intermediate",
    nameConstraints: signer.certificate.extensions.nameConstraints !== undefined,
  };
}

/** The longest, because an intermediate near the end of its root is shorter than configured. */
function longestLifetime({ authorities }: AuthorityState, kind: AuthorityKind): number {
  const ours = authorities.filter((one) => one.kind === kind && one.origin === "self-signed");
  const lifetimes = ours.map(
    ({ certificate, createdAt }) => certificate.notAfter.getTime() - createdAt.getTime(),
  );
  return lifetimes.length === 0 ? standardTtlMs[kind] : Math.max(...lifetimes);
}
