import type { SpiffeId } from "@kasbah/pki";
import { readToken } from "../ca/credentials/token-file.ts";
import type { FileGround, FileParts } from "../composition/file-parts.ts";
import type { AgentConfig } from "../config/command.ts";
import { resolveIdentity } from "../identity.ts";
import { workloadKeyOf } from "../secret/workload-key.ts";
import type { CacheSupply } from "./cache-supply.ts";
import { SecretCache } from "./secret-cache.ts";

/** The cache of `--cache-dir`; what is in it is in the store by the time this resolves, if it is good. */
export async function composeCache(
  directory: string,
  config: AgentConfig,
  supply: CacheSupply,
  ground: FileGround,
): Promise<FileParts> {
  const { store, clock, roll, logger } = ground;
  const cache = new SecretCache({
    directory,
    store,
    ...supply,
    identity: await identityOf(config, ground),
    ...workloadKeyOf(config),
    clock,
    roll,
    logger,
  });
  await cache.restore();
  return { components: [cache], warnings: () => [] };
}

/** Our name, as the next call of the CA would give it. */
async function identityOf(
  config: AgentConfig,
  { clock, logger }: FileGround,
): Promise<() => Promise<SpiffeId>> {
  const { provCert: directory, tokenFile } = config;
  // Where the flags or the provided certificate say all of our name, no token is needed to know it.
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
