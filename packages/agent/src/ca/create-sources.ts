import type { Clock, Logger } from "@kasbah/runtime";
import type { AgentConfig } from "../config/options.ts";
import { caRootPath } from "../config/places.ts";
import type { SecretSource } from "../rotation/rotator.ts";
import { callDeadlineMs } from "../rotation/schedule.ts";
import type { SecretStore } from "../secret/secret-store.ts";
import type { SkippedRootsObserver } from "../secret/skipped-roots.ts";
import { workloadKeyOf } from "../secret/workload-key.ts";
import { CaClient, type CaClientOptions, type CertificateAuthority } from "./ca-client.ts";
import { tokenTime } from "./clock-offset.ts";
import { type CaCredentials, gatherCredentials } from "./credentials/credentials.ts";
import { ownCertificate } from "./credentials/own-certificate.ts";
import { readToken, refuseExpiredToken } from "./credentials/token-file.ts";
import type { TrustedRoots } from "./roots/held-roots.ts";
import { CaSecretSource, type ReplyObserver } from "./secret-source.ts";
import { SourcesInTurn } from "./sources-in-turn.ts";

export interface CaSourceDeps {
  readonly roots: TrustedRoots;
  /** Holds the certificate that can replace a missing token. */
  readonly store: SecretStore;
  readonly skippedRoots: SkippedRootsObserver;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly replies: ReplyObserver & { readonly clockOffsetMs: number | undefined };
  /** Wraps an authority to count its calls. */
  count(authority: CertificateAuthority): CertificateAuthority;
}

/** Creates a source that obtains secrets from the configured CAs in order. */
export async function createCaSource(config: AgentConfig, deps: CaSourceDeps): Promise<SecretSource> {
  const { caServerName: serverName, caSpiffeId, certSigner, clusterId, caHeaders, secretTtl: ttlMs } = config;
  const spiffeId = caSpiffeId === "none" ? undefined : caSpiffeId;
  const { roots, store, skippedRoots, clock, replies: observer } = deps;
  const headers = Object.fromEntries(caHeaders.map(({ name, value }) => [name, value]));
  if (clusterId !== undefined) headers["clusterid"] = clusterId;
  const credentials = await credentialReader(config, deps);
  const deadlineMs = () => callDeadlineMs(remainingMs(store), config.caAddresses.length);
  const key = workloadKeyOf(config);
  const common = { roots, skippedRoots, clock, observer, ttlMs, deadlineMs, credentials, ...key };
  const tunnelTo = await createTunnelsIfConfigured(config, deps.environment);
  const sources = config.caAddresses.map((address) => {
    const explain = explainer(config, serverName ?? address.host, clock);
    const tunnel = tunnelTo?.(address);
    const options = { serverName, spiffeId, certSigner, headers, explain, tunnel };
    const authority = deps.count(new CaClient(address, options));
    return { address, source: new CaSecretSource({ ...common, authority }) };
  });
  return new SourcesInTurn(sources);
}

/** Loaded only if needed: most agents reach the CA directly. */
async function createTunnelsIfConfigured(
  { caProxy: setting, caNoProxy: except }: AgentConfig,
  environment: CaSourceDeps["environment"],
) {
  if (setting.kind === "none") return undefined;
  const { createTunnels } = await import("./tunnels.ts");
  return createTunnels({ setting, except, environment });
}

/** Loaded only if a server is not trusted. */
function explainer(
  config: AgentConfig,
  serverName: string,
  clock: Clock,
): NonNullable<CaClientOptions["explain"]> {
  return async (rejection, { roots }) => {
    const { describeRejectedServer } = await import("./rejected-server.ts");
    const trust = { rootsPem: roots.toPem(), rootsPlace: caRootPath(config) };
    return describeRejectedServer(rejection, { ...trust, serverName, now: clock.now() });
  };
}

function remainingMs(store: SecretStore): number | undefined {
  const notAfter = store.current?.notAfter.getTime();
  return notAfter === undefined ? undefined : notAfter - store.now().getTime();
}

async function credentialReader(
  config: AgentConfig,
  deps: CaSourceDeps,
): Promise<() => Promise<CaCredentials>> {
  const { provCert: directory, tokenFile, tokenOnly } = config;
  const { store, clock, logger, replies } = deps;
  // Loaded only if needed: most pods authenticate with a token.
  const provided =
    directory === undefined ? undefined : await import("./credentials/provided-certificate.ts");
  const sources = {
    identity: config,
    async readToken() {
      const token = await readToken(tokenFile);
      refuseExpiredToken(token, tokenFile, tokenTime(clock.now(), replies.clockOffsetMs));
      return token;
    },
    ...(provided === undefined || directory === undefined
      ? {}
      : { readProvided: () => provided.readProvidedCertificate({ directory, clock, logger }) }),
    ...(tokenOnly ? {} : { current: () => ownCertificate(store) }),
  };
  return () => gatherCredentials(sources);
}
