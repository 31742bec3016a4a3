import type { TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { CallerConfig } from "../../config/callers.ts";
import type { IssuerScopes } from "../../issuance/ports.ts";
import { AddressRules } from "../../outbound/address-rules.ts";
import type { ProxyEnvironment } from "../../outbound/proxy/proxy.ts";
import type { ConfiguredIssuer, IssuersFileNeeds } from "./issuers/file.ts";
import { TokenIssuerSet } from "./issuers/issuer-set.ts";
import { IssuersSource } from "./issuers/issuers-source.ts";
import { tokenAlgorithms } from "./key-set.ts";
import { keySetReader } from "./key-set-reader.ts";
import { JwksTokenAuthenticator } from "./token.ts";

export interface JwksDeps {
  readonly config: CallerConfig & { readonly trustDomain: TrustDomain };
  readonly proxyEnvironment: ProxyEnvironment;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The authenticator of tokens that a key set verifies, with the sources of its key sets. */
export interface Jwks {
  readonly authenticator: JwksTokenAuthenticator;
  readonly scopes: IssuerScopes;
  /** The names of the issuers whose tokens are accepted now. */
  issuers(): readonly string[];
  readonly components: readonly Component[];
  /** One sentence for each issuer whose tokens cannot be verified now. */
  unusable(): readonly string[];
  /** Other conditions that need an operator's attention. */
  warnings(): readonly string[];
  /** True if the tokens of at least one issuer can be verified now. */
  readonly isUsable: boolean;
}

/** Returns undefined if no issuer is configured. @throws TokenIssuersError `TOKEN_ISSUERS_INVALID` */
export async function createJwks(deps: JwksDeps): Promise<Jwks | undefined> {
  const { config, proxyEnvironment, clock, logger } = deps;
  const { trustDomain, tokenIssuers: path } = config;
  const fixed = issuerOfFlags(config);
  if (path === undefined && fixed.length === 0) return undefined;
  const rules = new AddressRules(config.allowAddress);
  const reading = { addressRules: rules, proxyEnvironment, proxySetting: config.jwksProxy };
  const set = new TokenIssuerSet({
    ...{ trustDomain, clock, logger },
    readerOf: (configured) => keySetReader(configured, reading),
  });
  const needs = issuersNeeds(config);
  const source = new IssuersSource({ path, fixed, needs, set, clock, logger });
  await source.load();
  return {
    authenticator: new JwksTokenAuthenticator({
      get issuers() {
        return set.issuers;
      },
      get elsewhere() {
        return set.elsewhere;
      },
      ...{ trustDomain, clock },
    }),
    scopes: set,
    issuers: () => set.issuers.map(({ issuer }) => issuer),
    components: [source],
    unusable: () => set.unusable(),
    warnings: () => [...source.warnings(), ...set.sharedKeys()],
    get isUsable() {
      return set.isUsable;
    },
  };
}

/** What the file of `--token-issuers` must contain at a start. */
export function issuersNeeds(config: JwksDeps["config"]): IssuersFileNeeds {
  const { trustDomain, jwks, kubernetesApi, tokenIssuer: issuerOfFlag } = config;
  return { trustDomain, needsIssuer: jwks === undefined && kubernetesApi === undefined, issuerOfFlag };
}

function issuerOfFlags(config: CallerConfig): readonly ConfiguredIssuer[] {
  const { jwks, tokenIssuer: issuer, tokenAudience: audiences, jwksCaFile, jwksTokenFile } = config;
  if (jwks === undefined || issuer === undefined) return [];
  const files = { caFile: jwksCaFile, tokenFile: jwksTokenFile };
  const open = { proxy: undefined, scope: undefined, trustDomains: undefined };
  return [{ issuer, keys: jwks, audiences, algorithms: tokenAlgorithms, ...files, ...open }];
}
