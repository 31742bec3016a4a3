import type { TrustDomain } from "@kasbah/pki";
import type { Clock, Component, Logger } from "@kasbah/runtime";
import type { CallerConfig } from "../../config/callers.ts";
import { AddressRules } from "../../outbound/address-rules.ts";
import { readJwksFile } from "./file-source.ts";
import { fetchJwks } from "./https-source.ts";
import { type ConfiguredIssuer, loadTokenIssuers } from "./issuers-file.ts";
import { tokenAlgorithms } from "./key-set.ts";
import { JwksSource } from "./source.ts";
import { JwksTokenAuthenticator, type TokenIssuer } from "./token.ts";

export interface JwksDeps {
  readonly config: CallerConfig & { readonly trustDomain: TrustDomain };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The authenticator of tokens that a key set verifies, with the sources of its key sets. */
export interface Jwks {
  readonly authenticator: JwksTokenAuthenticator;
  readonly components: readonly Component[];
  /** One sentence for each issuer whose tokens cannot be verified now. */
  unusable(): readonly string[];
  /** True if the tokens of at least one issuer can be verified now. */
  readonly isUsable: boolean;
}

/** How often the CA refreshes a key set. A file is cheap to read; an API server is not. */
const jwksIntervalMs = { file: 2_000, https: 300_000 } as const;

/** Returns undefined if no issuer is configured. @throws TokenIssuersError `TOKEN_ISSUERS_INVALID` */
export async function createJwks({ config, clock, logger }: JwksDeps): Promise<Jwks | undefined> {
  const { trustDomain } = config;
  const rules = new AddressRules(config.allowAddress);
  const sources = (await configuredIssuers(config)).map((configured) => {
    const source = new JwksSource({ ...readerOf(configured, rules), clock, logger });
    const { issuer, audiences, algorithms } = configured;
    const verified: TokenIssuer = { issuer, audiences, algorithms, keys: source };
    return { issuer: verified, source };
  });
  if (sources.length === 0) return undefined;
  const issuers = sources.map(({ issuer }) => issuer);
  return {
    authenticator: new JwksTokenAuthenticator({ issuers, trustDomain, clock }),
    components: sources.map(({ source }) => source),
    unusable: () =>
      sources
        .filter(({ source }) => !source.usable)
        .map(({ issuer }) => `jwks: the key set of ${issuer.issuer} was never loaded, or is too old`),
    get isUsable() {
      return sources.some(({ source }) => source.usable);
    },
  };
}

/** The issuers of the flags and of the file. */
async function configuredIssuers(config: CallerConfig): Promise<readonly ConfiguredIssuer[]> {
  const { jwks, tokenIssuer: issuer, tokenAudience: audiences, jwksCaFile, jwksTokenFile } = config;
  const listed = config.tokenIssuers === undefined ? [] : await loadTokenIssuers(config.tokenIssuers);
  if (jwks === undefined || issuer === undefined) return listed;
  const files = { caFile: jwksCaFile, tokenFile: jwksTokenFile };
  return [{ issuer, jwks, audiences, algorithms: tokenAlgorithms, ...files }, ...listed];
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
