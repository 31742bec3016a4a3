import type { Logger } from "@kasbah/runtime";
import type { StreamObserver } from "../sds/service.ts";
import type { StreamEvent } from "../sds/subscription/stream-event.ts";
import type { AgentMetrics } from "./metrics.ts";

const sds = { type: "sds" };

/** Clients choose these words: bounded, so that one line stays one line's worth. */
const maxClientText = 512;
const maxNackNames = 16;

/** Names that the log has a line for; clients that make up names, or that come back and back, must not fill it. */
const maxUnknownNames = 256;

/** Writes what happens on SDS streams to log and metrics. */
export function observeStreams(metrics: AgentMetrics, logger: Logger): StreamObserver {
  const unknownNames = new Set<string>();
  return {
    onOpened: () => metrics.streams.inc(),
    onClosed: () => metrics.streams.dec(),
    onEvent(event: StreamEvent) {
      if (event.kind === "nack") metrics.nacks.inc(sds);
      if (event.kind === "stale-nonce") metrics.staleNonces.inc(sds);
      if (event.kind !== "unknown-name") return tell(event, logger);
      const resource = event.name.slice(0, maxClientText);
      if (unknownNames.has(resource) || unknownNames.size >= maxUnknownNames) return;
      unknownNames.add(resource);
      logger.warn("a client asks for a name that is not served here", { code: "RESOURCE_UNKNOWN", resource });
    },
  };
}

function tell(event: Exclude<StreamEvent, { kind: "unknown-name" }>, logger: Logger): void {
  if (event.kind === "nack" && !event.repeated) {
    const names = event.names.slice(0, maxNackNames).map((name) => name.slice(0, maxClientText));
    const facts = { names, complaint: event.complaint.slice(0, maxClientText) };
    logger.warn("the client refuses the secret it was sent (NACK)", facts);
  } else if (event.kind === "unknown-type") {
    const typeUrl = event.typeUrl.slice(0, maxClientText);
    logger.warn("a client asks for another type than secrets", { typeUrl });
  } else if (event.kind === "too-many-names") {
    logger.warn("a client asks for more names on one stream than are served", { limit: event.limit });
  } else if (event.kind === "too-slow") {
    logger.warn("a client does not read what it is sent; its stream is ended", { code: "CLIENT_TOO_SLOW" });
  }
}
