import { readToken } from "../ca/token-file.ts";
import type { AgentConfig } from "../config.ts";
import { resolveIdentity } from "../identity.ts";
import { workloadKeyOf } from "../workload-key.ts";
import type { CacheSupply } from "./cache-supply.ts";
import type { FileGround, FileParts } from "./file-parts.ts";
import { SecretCache } from "./secret-cache.ts";

/** The cache of `--cache-dir`; what is in it is in the store by the time this resolves, if it is good. */
export async function composeCache(
  directory: string,
  config: AgentConfig,
  supply: CacheSupply,
  { store, clock, roll, logger }: FileGround,
): Promise<FileParts> {
  // Where the flags say all of our name, no token is needed to know it.
  const token = () =>
    readToken(config.tokenFile).then(
      (secret) => secret.reveal(),
      () => "",
    );
  const cache = new SecretCache({
    directory,
    store,
    ...supply,
    identity: async () => resolveIdentity(await token(), config),
    ...workloadKeyOf(config),
    clock,
    roll,
    logger,
  });
  await cache.restore();
  return { components: [cache], warnings: () => [] };
}
