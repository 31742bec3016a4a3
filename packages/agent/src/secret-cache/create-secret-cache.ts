import type { SpiffeId } from "@kasbah/pki";
import type { Component } from "@kasbah/runtime";
import type { AgentDeps } from "../agent-deps.ts";
import { readToken } from "../ca/credentials/token-file.ts";
import { resolveIdentity } from "../identity.ts";
import type { CacheTrust } from "../secret/supply.ts";
import { workloadKeyOf } from "../secret/workload-key.ts";
import { SecretCache } from "./secret-cache.ts";

type CacheDeps = Pick<AgentDeps, "config" | "store" | "clock" | "roll" | "logger"> & CacheTrust;

/**
 * Creates the cache of `--cache-dir`. If the cached secret is valid, it is published before this resolves.
 */
export async function createSecretCache(directory: string, deps: CacheDeps): Promise<Component> {
  const { config, store, roots, changes, clock, roll, logger } = deps;
  const cache = new SecretCache({
    directory,
    store,
    roots,
    changes,
    identity: await identityReader(deps),
    ...workloadKeyOf(config),
    clock,
    roll,
    logger,
  });
  await cache.restore();
  return cache;
}

/** Returns the identity that the next call to the CA would use. */
async function identityReader({ config, clock, logger }: CacheDeps): Promise<() => Promise<SpiffeId>> {
  const { provCert: directory, tokenFile } = config;
  // No token is needed if the flags or the provided certificate contain the whole name.
  const token = () =>
    readToken(tokenFile).then(
      (secret) => secret.reveal(),
      () => "",
    );
  if (directory === undefined) return async () => resolveIdentity(await token(), config);
  const { readProvidedCertificate } = await import("../ca/credentials/provided-certificate.ts");
  return async () => {
    const provided = await readProvidedCertificate({ directory, clock, logger });
    return resolveIdentity(await token(), config, provided?.spiffeId);
  };
}
