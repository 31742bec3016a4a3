import type { TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { CallerConfig } from "../config/callers.ts";
import type { Authenticator, Impersonation } from "../issuance/ports.ts";
import type { KubernetesClient } from "../kubernetes/api/api-client.ts";
import { reviewToken } from "../kubernetes/pods/token-review.ts";
import { AddressRules } from "../outbound/address-rules.ts";
import { type CallerAuthenticatorDeps, createCallerAuthenticator } from "./caller-authenticator.ts";
import { ClientCertificateAuthenticator, type ClientCertificateDeps } from "./client-certificate.ts";
import { readJwksFile } from "./jwks/file-source.ts";
import { fetchJwks } from "./jwks/https-source.ts";
import { type ConfiguredIssuer, loadTokenIssuers } from "./jwks/issuers-file.ts";
import { tokenAlgorithms } from "./jwks/key-set.ts";
import { JwksSource } from "./jwks/source.ts";
import { JwksTokenAuthenticator, type TokenIssuer } from "./jwks/token.ts";
import { createNodeImpersonation, noImpersonation, type PodSource } from "./node-impersonation.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";
import type { DeletedPods } from "./token-review/deleted-pods.ts";
import { KubernetesTokenAuthenticator } from "./token-review/kubernetes-token.ts";
import { ReviewCache, type ReviewCacheDeps } from "./token-review/review-cache.ts";

export interface AuthnDeps {
  readonly config: CallerConfig & { readonly trustDomain: TrustDomain };
  readonly authorities: ClientCertificateDeps["authorities"];
  /** Undefined outside of Kubernetes. */
  readonly kubernetes:
    | { readonly client: KubernetesClient; readonly pods: (PodSource & DeletedPods) | undefined }
    | undefined;
  readonly onJudged: CallerAuthenticatorDeps["onJudged"];
  readonly onReview: ReviewCacheDeps["onAnswer"];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Every configured way of knowing a caller, put together. */
export interface Callers {
  readonly authenticator: Authenticator;
  readonly impersonation: Impersonation;
  readonly components: readonly Component[];
  /** Why no caller would be known by a token now, in sentences. */
  troubles(): readonly string[];
  /** Why some would not be. */
  warnings(): readonly string[];
}

/** How often a key set is read again: a file costs nothing, an API server a little. */
const jwksIntervalMs = { file: 2_000, https: 300_000 } as const;

/** @throws TokenIssuersError `TOKEN_ISSUERS_INVALID` */
export async function createAuthn(deps: AuthnDeps): Promise<Callers> {
  const { config, authorities, clock } = deps;
  const { trustDomain, maxRenewalAge } = config;
  const sources = await createSources(deps);
  const reviews = createReviews(deps);
  const issuers = sources.map(({ issuer }) => issuer);
  const jwksToken = new JwksTokenAuthenticator({ issuers, trustDomain, clock });
  const certificates = new ClientCertificateAuthenticator({
    authorities,
    trustDomain,
    maxRenewalAgeMs: maxRenewalAge,
    clock,
  });
  const tokens: readonly TokenAuthenticator[] = [
    ...(issuers.length === 0 ? [] : [jwksToken]),
    ...(reviews === undefined ? [] : [reviews.authenticator]),
  ];
  const lost = () =>
    sources
      .filter(({ source }) => !source.usable)
      .map(({ issuer }) => `jwks: no key set of ${issuer.issuer} has been loaded, or the last is too old`);
  return {
    authenticator: createCallerAuthenticator({
      tokens,
      certificates: config.noClientCertificates ? undefined : certificates,
      onJudged: deps.onJudged,
    }),
    impersonation: reviews?.impersonation ?? noImpersonation,
    components: sources.map(({ source }) => source),
    troubles: () => (reviews === undefined && sources.every(({ source }) => !source.usable) ? lost() : []),
    warnings: () => lost(),
  };
}

async function createSources(deps: AuthnDeps) {
  const { config, clock, logger } = deps;
  const rules = new AddressRules(config.allowAddress);
  const listed = config.tokenIssuers === undefined ? [] : await loadTokenIssuers(config.tokenIssuers);
  return [...issuerOfFlags(config), ...listed].map((configured) => {
    const source = new JwksSource({ ...readerOf(configured, rules), clock, logger });
    const { issuer, audiences, algorithms } = configured;
    const known: TokenIssuer = { issuer, audiences, algorithms, keys: source };
    return { issuer: known, source };
  });
}

function issuerOfFlags(config: CallerConfig): readonly ConfiguredIssuer[] {
  const { jwks, tokenIssuer: issuer, tokenAudience: audiences, jwksCaFile, jwksTokenFile } = config;
  if (jwks === undefined || issuer === undefined) return [];
  return [
    { issuer, jwks, audiences, algorithms: tokenAlgorithms, caFile: jwksCaFile, tokenFile: jwksTokenFile },
  ];
}

function readerOf({ jwks, caFile, tokenFile }: ConfiguredIssuer, addressRules: AddressRules) {
  if (jwks.kind === "file") {
    const read = () => readJwksFile(jwks.path);
    return { location: jwks.path, read, refreshIntervalMs: jwksIntervalMs.file };
  }
  const endpoint = { url: jwks.url, caFile, tokenFile, addressRules };
  const read = (signal: AbortSignal) => fetchJwks(endpoint, signal);
  return { location: jwks.url.href, read, refreshIntervalMs: jwksIntervalMs.https };
}

/** What asks the Kubernetes API; its calls end by their own deadline. */
function createReviews({ config, kubernetes, onReview, clock }: AuthnDeps) {
  if (kubernetes === undefined) return undefined;
  const { client, pods } = kubernetes;
  const { trustDomain, tokenAudience: audiences, trustedNodeAccount: trustedAccounts } = config;
  const ask = (token: string) => reviewToken(client, token, audiences);
  const reviews = new ReviewCache({ ask, clock, onAnswer: onReview });
  return {
    authenticator: new KubernetesTokenAuthenticator({
      reviews,
      audiences,
      deletedPods: pods,
      trustDomain,
      clock,
    }),
    impersonation:
      pods === undefined ? noImpersonation : createNodeImpersonation({ trustedAccounts, pods, trustDomain }),
  };
}
