import type { DiscoveryRequest, DiscoveryResponse } from "@kasbah/protocol/workload";
import type { Clock } from "@kasbah/runtime";
import { quoted } from "@kasbah/runtime";
import type { UnaryCall } from "@kasbah/runtime/rpc";
import { AgentError } from "../errors.ts";
import type { ResourceProvider } from "./resource-catalog.ts";
import type { SecretUpdates } from "./secret-updates.ts";
import { takeSnapshot } from "./stream/sds-stream.ts";
import { isSecretType, requireNode } from "./stream/stream-record.ts";
import { maxNameBytes, maxNames, totalBytes } from "./subscription/subscribed-names.ts";

/** Maximum time a call waits for its secrets. */
const maxWaitMs = 10_000;

export interface FetchDeps {
  readonly catalog: ResourceProvider;
  readonly updates: SecretUpdates;
  readonly clock: Clock;
}

/**
 * Answers `FetchSecrets` with all of the names or none, regardless of the client's version. Waits if a known
 * name has no secret yet. Throws NODE_MISSING, REQUEST_MALFORMED, RESOURCE_UNKNOWN, RESOURCE_NOT_READY.
 */
export async function fetchNow(
  call: Pick<UnaryCall<DiscoveryRequest>, "request" | "signal">,
  deps: FetchDeps,
): Promise<DiscoveryResponse> {
  const names = requestedNames(call.request());
  await whenServable(names, call.signal, deps);
  const snapshot = takeSnapshot(deps.catalog, names);
  const versionInfo = [...snapshot.versions.values()].join("+");
  // The call has no second response, so any nonce will do, but the agent's nonces are never empty.
  return { versionInfo, nonce: "1", resources: names.map((name) => snapshot.resource(name).secret) };
}

function requestedNames({ nodeId, typeUrl, resourceNames }: DiscoveryRequest): readonly string[] {
  requireNode(nodeId);
  const names = [...new Set(resourceNames)];
  if (!isSecretType(typeUrl)) {
    throw new AgentError("REQUEST_MALFORMED", `the agent serves only secrets, not ${quoted(typeUrl)}`);
  }
  if (names.length === 0 || names.length > maxNames) {
    const expected = `expected 1 to ${maxNames}; wildcards are not supported`;
    throw new AgentError("REQUEST_MALFORMED", `the request has ${names.length} resource names: ${expected}`);
  }
  if (totalBytes(names) > maxNameBytes) {
    throw new AgentError(
      "REQUEST_MALFORMED",
      `the resource names are longer than ${maxNameBytes} bytes in total`,
    );
  }
  return names;
}

async function whenServable(
  names: readonly string[],
  signal: AbortSignal,
  { catalog, updates, clock }: FetchDeps,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const subscriber = {
    update() {
      const unknown = names.find((name) => !catalog.claims(name));
      if (unknown !== undefined) reject(unknownName(unknown));
      else if (names.every((name) => catalog.current(name) !== undefined)) resolve();
    },
  };
  const settled = new AbortController();
  const fail = () => reject(notReady(names.filter((name) => catalog.current(name) === undefined)));
  void clock.sleep(maxWaitMs, AbortSignal.any([signal, settled.signal])).then(fail, fail);
  try {
    subscriber.update();
    updates.subscribe(subscriber, new Set(names.filter((name) => catalog.claims(name))));
    await promise;
  } finally {
    updates.unsubscribe(subscriber);
    settled.abort();
  }
}

function unknownName(name: string): AgentError {
  return new AgentError(
    "RESOURCE_UNKNOWN",
    `the agent does not serve ${quoted(name)}; docs/sds.md lists the supported names`,
  );
}

function notReady(missing: readonly string[]): AgentError {
  const shown = missing.slice(0, 3).map(quoted).join(", ");
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : "";
  return new AgentError(
    "RESOURCE_NOT_READY",
    `no secret is available yet for ${shown}${more}; see /healthz/ready of the agent for the reason, or use a stream, which waits`,
  );
}
