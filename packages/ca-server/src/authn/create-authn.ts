import type { TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { CallerConfig } from "../config/callers.ts";
import type { Authenticator, Caller, Impersonation, IssuerScopes } from "../issuance/ports.ts";
import type { ProxyEnvironment } from "../outbound/proxy/proxy.ts";
import { type CallerAuthenticatorDeps, createCallerAuthenticator } from "./caller-authenticator.ts";
import { ClientCertificateAuthenticator, type ClientCertificateDeps } from "./client-certificate.ts";
import { boundToPods } from "./deleted-pods.ts";
import { boundToIssuers, IssuerMarks } from "./issuer-marks.ts";
import { createJwks, type Jwks } from "./jwks/create-jwks.ts";
import { createNodeImpersonation, noImpersonation } from "./node-impersonation.ts";
import { PodMarks } from "./pod-marks.ts";
import type { DeletedPods, PodSource, TokenApi } from "./ports.ts";
import { timedAuthenticator } from "./timed-authenticator.ts";
import type { TokenAuthenticator } from "./token-authenticator.ts";
import {
  createTokenReview,
  type TokenReview,
  type TokenReviewDeps,
} from "./token-review/create-token-review.ts";

export interface AuthnDeps {
  readonly config: CallerConfig & { readonly trustDomain: TrustDomain };
  readonly authorities: ClientCertificateDeps["authorities"];
  /** Undefined outside Kubernetes. */
  readonly kubernetes: (TokenApi & Cluster) | undefined;
  readonly metrics: {
    readonly credentialChecked: CallerAuthenticatorDeps["onChecked"];
    readonly tokenReviewed: TokenReviewDeps["onReview"];
    authenticated(durationMs: number): void;
  };
  /** The environment variables that may name a proxy for key sets. */
  readonly proxyEnvironment: ProxyEnvironment;
  /** Uniform in [0, 1). */
  readonly roll: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The cluster of the CA. */
interface Cluster {
  /** Undefined if the CA does not watch pods. */
  readonly pods: (PodSource & DeletedPods) | undefined;
  /** The CA's own service account. */
  readonly readOwnAccount: () => Promise<{
    readonly issuer: string | undefined;
    readonly uid: string | undefined;
  }>;
}

/** The configured ways to authenticate a caller. */
export interface Authn {
  readonly authenticator: Authenticator;
  readonly impersonation: Impersonation;
  readonly issuerScopes: IssuerScopes;
  readonly components: readonly Component[];
  /** The reasons why the CA cannot authenticate any caller by a token now. */
  troubles(): readonly string[];
  /** The reasons why the CA cannot authenticate some callers now. */
  warnings(): readonly string[];
}

/** @throws TokenIssuersError `TOKEN_ISSUERS_INVALID` */
export async function createAuthn(deps: AuthnDeps): Promise<Authn> {
  const { config, authorities, kubernetes, metrics, roll, clock, logger } = deps;
  const { trustDomain, noClientCertificates, maxRenewalAge: maxRenewalAgeMs } = config;
  const onReview = metrics.tokenReviewed;
  const jwks = await createJwks(deps);
  const tokenReview = kubernetes && createTokenReview({ config, kubernetes, onReview, roll, clock, logger });
  const own = await kubernetes?.readOwnAccount();
  const pods = kubernetes?.pods;
  const marks = new PodMarks({ accountUid: own?.uid, issuer: own?.issuer, pods });
  const reviewed = own?.issuer === undefined ? [] : [own.issuer];
  const issuerMarks = new IssuerMarks(() => [...(jwks?.issuers() ?? []), ...reviewed]);
  const certificates = noClientCertificates
    ? undefined
    : new ClientCertificateAuthenticator({
        ...{ authorities, trustDomain, maxRenewalAgeMs, marks, issuerMarks, clock },
      });
  const tokens = tokensOfPods({ jwks, tokenReview, clusterIssuer: own?.issuer, pods, marks });
  const authenticator = createCallerAuthenticator({
    tokens: tokens.map((each) => boundToIssuers(each, issuerMarks)),
    certificates,
    onChecked: metrics.credentialChecked,
  });
  const unusable = () => jwks?.unusable() ?? [];
  return {
    authenticator: timedAuthenticator(authenticator, clock, metrics.authenticated),
    impersonation: createImpersonation(deps),
    issuerScopes: jwks?.scopes ?? { check: () => undefined },
    components: [...(jwks?.components ?? []), ...(tokenReview?.components ?? [])],
    troubles: () => (tokenReview === undefined && !jwks?.isUsable ? unusable() : []),
    warnings: () => [...unusable(), ...(jwks?.warnings() ?? [])],
  };
}

interface TokenWays {
  readonly jwks: Pick<Jwks, "authenticator"> | undefined;
  readonly tokenReview: Pick<TokenReview, "authenticator"> | undefined;
  /** Undefined if the CA does not know it. */
  readonly clusterIssuer: string | undefined;
  readonly pods: DeletedPods | undefined;
  readonly marks: PodMarks;
}

/** The API server reviews only tokens of its own cluster. A key set may be that of another one. */
function tokensOfPods({ jwks, tokenReview, clusterIssuer, pods, marks }: TokenWays): TokenAuthenticator[] {
  const ways: TokenAuthenticator[] = [];
  if (jwks !== undefined) {
    const isOurs = ({ credential }: Caller) =>
      credential.kind === "jwks-token" && credential.issuer === clusterIssuer;
    const markOf = (uid: string) => marks.markOfSeen(uid);
    ways.push(boundToPods(jwks.authenticator, { isOurs, markOf, pods }));
  }
  if (tokenReview !== undefined) {
    const markOf = (uid: string) => marks.markOf(uid);
    ways.push(boundToPods(tokenReview.authenticator, { isOurs: () => true, markOf, pods }));
  }
  return ways;
}

function createImpersonation({ config, kubernetes }: AuthnDeps): Impersonation {
  const { trustDomain, trustedNodeAccount: trustedAccounts } = config;
  if (kubernetes?.pods === undefined || trustedAccounts.length === 0) return noImpersonation;
  return createNodeImpersonation({ trustedAccounts, pods: kubernetes.pods, trustDomain });
}
