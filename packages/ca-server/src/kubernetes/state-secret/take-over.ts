import { describeSkippedRoot, type TrustDomain } from "@kasbah/pki";
import type { Clock, Logger, Secret } from "@kasbah/runtime";
import { type PluggedInSet, parsePluggedInSet } from "../../authorities/plugged-in/load-set.ts";
import { filesOfSecret } from "../../authorities/plugged-in/secret-files.ts";
import { StateError } from "../../errors.ts";
import { readAnswer } from "../api/api-answer.ts";
import type { KubernetesClient } from "../api/api-client.ts";
import { readSecretObject, type SecretObject } from "./secret-object.ts";

export interface TakeOverDeps {
  readonly client: Pick<KubernetesClient, "get">;
  readonly namespace: string;
  /** Tried in this order; the first one that exists is adopted. */
  readonly names: readonly string[];
  readonly trustDomain: TrustDomain;
  readonly passphrase: Secret | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Returns the CA that istiod left in a Secret, self-signed or plugged in, so that a mesh keeps its root. The
 * Secret stays unchanged: to go back, start istiod again.
 * @throws StateError `PLUGGED_IN_REJECTED` or `PLUGGED_IN_INCOMPLETE` if none exists or one is unusable: under a new
 * root, clients would lose trust
 */
export async function findTakeOver(deps: TakeOverDeps): Promise<PluggedInSet> {
  const { namespace, names, logger } = deps;
  for (const name of names) {
    const secret = await fetch(deps, name);
    if (secret === undefined) continue;
    const set = parseSet(secret, `Secret ${namespace}/${name}`, deps);
    for (const block of set.skipped.map(describeSkippedRoot)) {
      logger.warn("skipped a root that cannot be used", { place: `${namespace}/${name}`, block });
    }
    logger.info("took over an existing CA", { secret: `${namespace}/${name}`, root: set.root.fingerprint });
    return set;
  }
  throw notFound(deps);
}

async function fetch({ client, namespace }: TakeOverDeps, name: string): Promise<SecretObject | undefined> {
  const reply = await client.get(`/api/v1/namespaces/${namespace}/secrets/${name}`);
  if (reply.status === 404) return undefined;
  const place = `Secret ${namespace}/${name}`;
  try {
    return readSecretObject(readAnswer(reply, place));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new StateError("PLUGGED_IN_REJECTED", `cannot read ${place}: ${reason}`, { cause });
  }
}

function parseSet(secret: SecretObject, place: string, deps: TakeOverDeps): PluggedInSet {
  const { trustDomain, passphrase, clock } = deps;
  const opened = passphrase === undefined ? {} : { passphrase: passphrase.reveal() };
  const files = filesOfSecret(place, secret.data ?? {}, "take-over");
  return parsePluggedInSet(place, files, { trustDomain, now: clock.now(), ...opened });
}

/** A root of our own in place of the named CA would split the mesh. */
function notFound({ namespace, names }: TakeOverDeps): StateError {
  return new StateError(
    "PLUGGED_IN_INCOMPLETE",
    `--take-over-secret is set, but the namespace ${namespace} has no Secret ${names.join(" or ")}: correct the name or --namespace, or restore the Secret and, if this CA has run before, its volume or --state-secret; remove the flag only if the CA is to create a root of its own`,
  );
}
