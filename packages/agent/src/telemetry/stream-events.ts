import type { Logger } from "@kasbah/runtime";
import type { StreamObserver } from "../sds/service.ts";
import type { StreamEvent } from "../sds/subscription/stream-event.ts";
import type { AgentMetrics } from "./metrics.ts";

const sds = { type: "sds" };

/** Clients choose these texts, so they are truncated to fit one log line. */
const maxClientText = 512;
const maxNackNames = 16;

/**
 * Maximum unknown names that are logged, so that a client that invents names or keeps reconnecting cannot
 * fill the log.
 */
const maxUnknownNames = 256;

/** Reports events of SDS streams to the log and the metrics. */
export function observeStreams(metrics: AgentMetrics, logger: Logger): StreamObserver {
  const unknownNames = new Set<string>();
  return {
    onOpened: () => metrics.streams.inc(),
    onClosed: () => metrics.streams.dec(),
    onEvent(event: StreamEvent) {
      if (event.kind === "nack") metrics.nacks.inc(sds);
      if (event.kind === "stale-nonce") metrics.staleNonces.inc(sds);
      if (event.kind !== "unknown-name") return logEvent(event, logger);
      const resource = event.name.slice(0, maxClientText);
      if (unknownNames.has(resource) || unknownNames.size >= maxUnknownNames) return;
      unknownNames.add(resource);
      logger.warn("a client subscribed to an unknown resource name", { code: "RESOURCE_UNKNOWN", resource });
    },
  };
}

function logEvent(event: Exclude<StreamEvent, { kind: "unknown-name" }>, logger: Logger): void {
  if (event.kind === "nack" && !event.repeated) {
    const names = event.names.slice(0, maxNackNames).map((name) => name.slice(0, maxClientText));
    const facts = { names, complaint: event.complaint.slice(0, maxClientText) };
    logger.warn("a client rejected a secret (NACK)", facts);
  } else if (event.kind === "unknown-type") {
    const typeUrl = event.typeUrl.slice(0, maxClientText);
    logger.warn("a client requested a resource type other than secrets", { typeUrl });
  } else if (event.kind === "too-many-names") {
    logger.warn("a client exceeded the maximum number of names on one stream", { limit: event.limit });
  } else if (event.kind === "too-slow") {
    logger.warn("a client does not read its responses; closing its stream", { code: "CLIENT_TOO_SLOW" });
  }
}
