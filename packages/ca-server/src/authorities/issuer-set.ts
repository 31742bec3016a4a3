import type { Certificate, TrustBundle } from "@kasbah/pki";
import { CaError } from "../errors.ts";
import type { Issuer, ServingIssuer } from "../issuance/ports.ts";
import { crossChainFrom } from "./fixed-roots/cross-chain.ts";
import type { AuthorityKeys } from "./keys/authority-keys.ts";
import { wayOutOf } from "./recovery/way-out.ts";
import { type AuthorityState, authorityOf, rootOf, trustBundleOf } from "./rotation/authority-state.ts";
import type { StoredAuthority } from "./rotation/stored-authority.ts";

/**
 * The issuers and the trust bundle that one state of the authorities defines. Immutable: the next state has
 * its own.
 */
export interface IssuerSet {
  /** @throws CaError `ISSUER_UNAVAILABLE` if no authority may sign at that time */
  activeIssuer(now: Date): Issuer;
  /** The issuer of the CA's own serving certificate. @throws CaError `ISSUER_UNAVAILABLE` */
  servingIssuer(now: Date): ServingIssuer;
  readonly trustBundle: TrustBundle;
  /**
   * For each authority that is not retired, the certificates between its leaves and the root; empty for a
   * root.
   */
  readonly chains: readonly (readonly Certificate[])[];
}

/**
 * The longest lifetime of a leaf, as a share of the lifetime of an authority that rotates automatically. The
 * successor is created at two thirds of that lifetime, so every earlier leaf expires before the authority
 * does.
 */
const longestLeafShare = 1 / 4;

/** Derives from the state which key signs with which chain. The keys must be loaded. */
export function createIssuerSet(state: AuthorityState, keys: AuthorityKeys): IssuerSet {
  const bundle = trustBundleOf(state);
  // Derived once, so that all leaves of an issuer share the objects of their chain.
  const chains = new Map<string, SignerChain>();
  const issuerOf = (id: string, now: Date) => {
    const chain = chains.get(id) ?? signerChain(state, id);
    chains.set(id, chain);
    return issuerFrom(chain, state, keys, now);
  };
  return {
    activeIssuer: (now) => issuerOf(state.signerId, now),
    servingIssuer(now) {
      const id = servingSignerAt(state, now);
      const crossCertificates = crossChainFrom(state, rootOf(state, id).id, now);
      return { ...issuerOf(id, now), crossCertificates };
    },
    trustBundle: bundle,
    chains: state.authorities
      .filter(({ stage }) => stage !== "retired")
      .map((one) => chainBelowRoot(state, one)),
  };
}

/**
 * If the serving authority expired while the CA was off, the serving certificate cannot wait for the
 * rotation.
 */
function servingSignerAt(state: AuthorityState, now: Date): string {
  const { certificate } = authorityOf(state, state.servingSignerId);
  return now < certificate.notAfter ? state.servingSignerId : state.signerId;
}

/** A signer with the certificates above its leaves. */
interface SignerChain {
  readonly signer: StoredAuthority;
  readonly intermediates: readonly Certificate[];
  readonly root: Certificate;
  /** The first expiry in the chain, in milliseconds. */
  readonly endMs: number;
}

function signerChain(state: AuthorityState, id: string): SignerChain {
  const signer = authorityOf(state, id);
  const { certificate: root } = rootOf(state, id);
  const intermediates = chainBelowRoot(state, signer);
  const endMs = Math.min(...[...intermediates, root].map(({ notAfter }) => notAfter.getTime()));
  return { signer, intermediates, root, endMs };
}

function issuerFrom(
  { signer, intermediates, root, endMs }: SignerChain,
  state: AuthorityState,
  keys: AuthorityKeys,
  now: Date,
): Issuer {
  const { id, certificate } = signer;
  for (const each of intermediates) requireValid(each, id, state, now);
  requireValid(root, id, state, now);
  const latestLeafExpiry = new Date(Math.min(endMs, now.getTime() + longestLeafMs(signer)));
  return { authorityId: id, certificate, signingKey: keys.of(id).keyPair, intermediates, latestLeafExpiry };
}

function requireValid(
  { notBefore, notAfter }: Certificate,
  id: string,
  state: AuthorityState,
  now: Date,
): void {
  if (now < notBefore) throw unavailable(`${id} or its issuer is not valid yet: ${wayOutOf(state, now)}`);
  if (now >= notAfter) throw unavailable(`${id} or its issuer has expired: ${wayOutOf(state, now)}`);
}

function chainBelowRoot(state: AuthorityState, one: StoredAuthority): readonly Certificate[] {
  return one === rootOf(state, one.id) ? [] : [one.certificate, ...one.chain];
}

/** A plugged-in authority has no limit of its own, because the operator decides when to replace it. */
function longestLeafMs({ origin, certificate, createdAt }: StoredAuthority): number {
  if (origin === "plugged-in") return Number.POSITIVE_INFINITY;
  return (certificate.notAfter.getTime() - createdAt.getTime()) * longestLeafShare;
}

function unavailable(reason: string): CaError {
  return new CaError("ISSUER_UNAVAILABLE", reason);
}
