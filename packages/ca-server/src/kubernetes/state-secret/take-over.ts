import { createHash } from "node:crypto";
import type { TrustDomain } from "@kasbah/pki";
import type { Clock, Logger, Secret } from "@kasbah/runtime";
import { fileNames, istioNames } from "../../authorities/plugged-in/layout.ts";
import { type PluggedInSet, parsePluggedInSet } from "../../authorities/plugged-in/load-set.ts";
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
 * @throws StateError `PLUGGED_IN_REJECTED` if one is unusable: under a new root, clients would lose trust
 */
export async function findTakeOver(deps: TakeOverDeps): Promise<PluggedInSet | undefined> {
  const { namespace, names, logger } = deps;
  for (const name of names) {
    const secret = await fetch(deps, name);
    if (secret === undefined) continue;
    const set = parseSet(secret, `Secret ${namespace}/${name}`, deps);
    logger.info("took over an existing CA", { secret: `${namespace}/${name}`, root: set.root.fingerprint });
    return set;
  }
  return undefined;
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

/** Beside a self-signed root, istiod stores neither a root file nor a chain. */
function parseSet({ data = {} }: SecretObject, place: string, deps: TakeOverDeps): PluggedInSet {
  const text = (name: string) => Buffer.from(data[name] ?? "", "base64").toString("utf8");
  const certificate = text(istioNames.certificate);
  const files = {
    certificate,
    key: text(istioNames.key),
    chain: text(istioNames.chain ?? ""),
    roots: text(istioNames.roots) || certificate,
    digest: digestOf(fileNames(istioNames).map((name) => [name, data[name] ?? ""])),
    names: istioNames,
  };
  const { trustDomain, passphrase, clock } = deps;
  const secret = passphrase === undefined ? {} : { passphrase: passphrase.reveal() };
  return parsePluggedInSet(place, files, { trustDomain, now: clock.now(), ...secret });
}

function digestOf(facts: readonly (readonly [string, string])[]): string {
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}
