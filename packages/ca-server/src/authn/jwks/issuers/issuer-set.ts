import type { SpiffeId, TrustDomain } from "@kasbah/pki";
import type { Clock, Logger } from "@kasbah/runtime";
import { CaError } from "../../../errors.ts";
import type { Caller, IssuerScopes } from "../../../issuance/ports.ts";
import { JwksSource, type KeySetReader } from "../source.ts";
import type { TokenIssuer } from "../token.ts";
import { type ConfiguredIssuer, serves } from "./file.ts";
import { checkScope } from "./scope.ts";

export interface TokenIssuerSetDeps {
  readonly trustDomain: TrustDomain;
  readonly readerOf: (configured: ConfiguredIssuer) => KeySetReader;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An issuer whose tokens the CA accepts now. */
interface ServedIssuer {
  readonly configured: ConfiguredIssuer;
  readonly source: JwksSource;
  readonly verified: TokenIssuer;
  /** Equal for equal scopes. */
  readonly scopeText: string;
}

/** The token issuers in force. Replacing them takes effect for the next call, and for those in flight. */
export class TokenIssuerSet implements IssuerScopes {
  readonly #deps: TokenIssuerSetDeps;
  #served: readonly ServedIssuer[] = [];
  #issuers: readonly TokenIssuer[] = [];
  #elsewhere: readonly string[] = [];
  #isRunning = false;

  constructor(deps: TokenIssuerSetDeps) {
    this.#deps = deps;
  }

  /** The issuers whose tokens the CA verifies. */
  get issuers(): readonly TokenIssuer[] {
    return this.#issuers;
  }

  /** The issuers that the file lists for other trust domains only. */
  get elsewhere(): readonly string[] {
    return this.#elsewhere;
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    await Promise.all(this.#served.map(({ source }) => source.start()));
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all(this.#served.map(({ source }) => source.stop()));
  }

  /** Reads the key sets again. */
  reread(): void {
    for (const { source } of this.#served) source.reread();
  }

  /** Resolves when new issuers had a moment to load their keys. The keys of an unchanged issuer stay in use. */
  async replace(configured: readonly ConfiguredIssuer[]): Promise<void> {
    const { trustDomain } = this.#deps;
    const before = this.#served;
    const ours = configured.filter((each) => serves(each, trustDomain));
    this.#elsewhere = configured.filter((each) => !ours.includes(each)).map(({ issuer }) => issuer);
    this.#served = ours.map((each) => this.#serve(each, before));
    this.#issuers = this.#served.map(({ verified }) => verified);
    const kept = new Set(this.#served.map(({ source }) => source));
    const known = new Set(before.map(({ source }) => source));
    await Promise.all(before.filter(({ source }) => !kept.has(source)).map(({ source }) => source.stop()));
    if (!this.#isRunning) return;
    await Promise.all([...kept].filter((source) => !known.has(source)).map((source) => source.start()));
  }

  check({ credential }: Caller, subject: SpiffeId): void {
    if (credential.kind === "kubernetes-token") return;
    const served = this.#served.find(({ configured }) => configured.issuer === credential.issuer);
    if (served !== undefined) checkScope(served.configured, subject);
    else if (credential.kind === "jwks-token") {
      throw new CaError("TOKEN_ISSUER", "the token's issuer is no longer configured", {
        fix: "use a token of a configured issuer",
      });
    }
  }

  /** True if the tokens of at least one issuer can be verified now. */
  get isUsable(): boolean {
    return this.#served.some(({ source }) => source.usable);
  }

  /** One sentence for each issuer whose tokens cannot be verified now. */
  unusable(): readonly string[] {
    return this.#served
      .filter(({ source }) => !source.usable)
      .map(({ configured }) => `jwks: the key set of ${configured.issuer} was never loaded, or is too old`);
  }

  /** A key that two issuers share signs tokens of both, so different scopes would separate nothing. */
  sharedKeys(): readonly string[] {
    const owners = new Map<string, ServedIssuer>();
    const found = new Set<string>();
    for (const served of this.#served) {
      for (const hash of served.source.keyHashes) {
        const owner = owners.get(hash) ?? served;
        owners.set(hash, owner);
        if (owner.scopeText !== served.scopeText) found.add(sharedKeyWarning(owner, served));
      }
    }
    return [...found];
  }

  #serve(configured: ConfiguredIssuer, before: readonly ServedIssuer[]): ServedIssuer {
    const { readerOf, clock, logger } = this.#deps;
    const former = before.find((each) => keysOf(each.configured) === keysOf(configured));
    const source = former?.source ?? new JwksSource({ ...readerOf(configured), clock, logger });
    const { issuer, audiences, algorithms, scope } = configured;
    const verified = { issuer, audiences, algorithms, keys: source };
    return { configured, source, verified, scopeText: JSON.stringify(scope) ?? "" };
  }
}

/** Everything that decides which keys an issuer has. */
function keysOf({ issuer, keys, caFile, tokenFile, proxy }: ConfiguredIssuer): string {
  return JSON.stringify([issuer, keys, caFile, tokenFile, proxy]);
}

function sharedKeyWarning({ configured: one }: ServedIssuer, { configured: other }: ServedIssuer): string {
  return `jwks: ${one.issuer} and ${other.issuer} share a key, so their scopes do not separate them`;
}
