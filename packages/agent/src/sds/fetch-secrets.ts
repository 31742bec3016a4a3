import type { DiscoveryRequest, DiscoveryResponse } from "@kasbah/protocol";
import type { Clock } from "@kasbah/runtime";
import { quoted } from "@kasbah/runtime";
import type { UnaryCall } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import type { ResourceProvider } from "./resource-provider.ts";
import type { SecretUpdates } from "./secret-updates.ts";
import { lookAt } from "./stream/sds-stream.ts";
import { isSecretType, requireNode } from "./stream/stream-record.ts";
import { bytesOf, maxNameBytes, maxNames } from "./subscription/subscribed-names.ts";

/** The longest that a call is held while there is nothing to answer it with. */
const maxWaitMs = 10_000;

export interface FetchWorld {
  readonly catalog: ResourceProvider;
  readonly updates: SecretUpdates;
  readonly clock: Clock;
}

/**
 * Answers `FetchSecrets`: all of the names or none, whatever version the client has. Waits for a name that is known and has
 * nothing yet. Throws NODE_MISSING, REQUEST_MALFORMED, RESOURCE_UNKNOWN, RESOURCE_NOT_READY.
 */
export async function fetchNow(
  call: Pick<UnaryCall<DiscoveryRequest>, "request" | "signal">,
  world: FetchWorld,
): Promise<DiscoveryResponse> {
  const names = namesIn(call.request());
  await whenServable(names, call.signal, world);
  const { offer, found } = lookAt(world.catalog, names);
  const versionInfo = [...offer.versions.values()].join("+");
  // There is no second response on this call, so the nonce says nothing; ours are never empty.
  return { versionInfo, nonce: "1", resources: names.map((name) => found(name).secret) };
}

function namesIn({ nodeId, typeUrl, resourceNames }: DiscoveryRequest): readonly string[] {
  requireNode(nodeId);
  const names = [...new Set(resourceNames)];
  if (!isSecretType(typeUrl)) {
    throw new AgentError("REQUEST_MALFORMED", `only secrets are served here, not ${quoted(typeUrl)}`);
  }
  if (names.length === 0 || names.length > maxNames) {
    const expected = `name 1 to ${maxNames} resources; there is no list of all`;
    throw new AgentError("REQUEST_MALFORMED", `the request names ${names.length} resources: ${expected}`);
  }
  if (bytesOf(names) > maxNameBytes) {
    throw new AgentError(
      "REQUEST_MALFORMED",
      `the request's names are longer than ${maxNameBytes} bytes together`,
    );
  }
  return names;
}

async function whenServable(
  names: readonly string[],
  signal: AbortSignal,
  { catalog, updates, clock }: FetchWorld,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const follower = {
    update() {
      const unknown = names.find((name) => !catalog.claims(name));
      if (unknown !== undefined) reject(unknownName(unknown));
      else if (names.every((name) => catalog.current(name) !== undefined)) resolve();
    },
  };
  const over = new AbortController();
  const fail = () => reject(notReady(names.filter((name) => catalog.current(name) === undefined)));
  void clock.sleep(maxWaitMs, AbortSignal.any([signal, over.signal])).then(fail, fail);
  try {
    follower.update();
    updates.follow(follower, new Set(names.filter((name) => catalog.claims(name))));
    await promise;
  } finally {
    updates.unfollow(follower);
    over.abort();
  }
}

function unknownName(name: string): AgentError {
  return new AgentError(
    "RESOURCE_UNKNOWN",
    `${quoted(name)} is not served here; docs/sds.md lists the names that are`,
  );
}

function notReady(missing: readonly string[]): AgentError {
  const shown = missing.slice(0, 3).map(quoted).join(", ");
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
  return new AgentError(
    "RESOURCE_NOT_READY",
    `there is nothing yet for ${shown}${more}; /healthz/ready of the agent says why, and a stream waits for it`,
  );
}
