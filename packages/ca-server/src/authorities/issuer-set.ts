import type { Certificate, TrustBundle } from "@kasbah/pki";
import { CaError } from "../errors.ts";
import type { Issuer } from "../issuance/ports.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import { type AuthorityState, authorityOf, rootOf, trustBundleOf } from "./rotation/authority-state.ts";
import type { StoredAuthority } from "./rotation/stored-authority.ts";

/** Who signs and who is trusted in one state of the authorities. A value: the next state has another. */
export interface IssuerSet {
  /** @throws CaError `ISSUER_UNAVAILABLE` when none may sign at that instant */
  activeIssuer(now: Date): Issuer;
  /** What the CA's own serving certificate is issued by. @throws CaError `ISSUER_UNAVAILABLE` */
  servingIssuer(now: Date): Issuer;
  readonly trustBundle: TrustBundle;
  /** For each authority that is not retired, what stands between its leaves and the root; empty for a root. */
  readonly chains: readonly (readonly Certificate[])[];
}

/**
 * Of the life of an authority that rotates by itself: so that the leaves issued under it at two thirds of its life, when
 * its successor is made, have ended before it does.
 */
const longestLeafShare = 1 / 4;

/** Reads the state: which key signs with which chain. The keys must be loaded. */
export function createIssuerSet(state: AuthorityState, keys: AuthorityKeys): IssuerSet {
  const bundle = trustBundleOf(state);
  return {
    activeIssuer: (now) => issuerOf(state, state.signerId, keys, now),
    servingIssuer: (now) => issuerOf(state, servingSignerAt(state, now), keys, now),
    trustBundle: bundle,
    chains: state.authorities
      .filter(({ stage }) => stage !== "retired")
      .map((one) => chainBelowRoot(state, one)),
  };
}

/** One that ended while the CA was off can not wait for its successor's turn. */
function servingSignerAt(state: AuthorityState, now: Date): string {
  const { certificate } = authorityOf(state, state.servingSignerId);
  return now < certificate.notAfter ? state.servingSignerId : state.signerId;
}

function issuerOf(state: AuthorityState, id: string, keys: AuthorityKeys, now: Date): Issuer {
  const signer = authorityOf(state, id);
  const root = rootOf(state, id);
  const intermediates = chainBelowRoot(state, signer);
  const chain = [...intermediates, root.certificate];
  for (const { notBefore, notAfter } of chain) {
    if (now < notBefore) throw unavailable(`${id} is not valid yet: check the clock`);
    if (now >= notAfter) throw unavailable(`${id} or its issuer has expired`);
  }
  const ends = chain.map(({ notAfter }) => notAfter.getTime());
  const latestLeafExpiry = new Date(Math.min(...ends, now.getTime() + longestLeafMs(signer)));
  const { certificate } = signer;
  return { authorityId: id, certificate, signingKey: keys.of(id).keyPair, intermediates, latestLeafExpiry };
}

function chainBelowRoot(state: AuthorityState, one: StoredAuthority): readonly Certificate[] {
  return one === rootOf(state, one.id) ? [] : [one.certificate, ...one.chain];
}

/** The operator replaces what was plugged in, and decides when. */
function longestLeafMs({ origin, certificate, createdAt }: StoredAuthority): number {
  if (origin === "plugged-in") return Number.POSITIVE_INFINITY;
  return (certificate.notAfter.getTime() - createdAt.getTime()) * longestLeafShare;
}

function unavailable(reason: string): CaError {
  return new CaError("ISSUER_UNAVAILABLE", reason);
}
