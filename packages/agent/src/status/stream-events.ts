import type { Logger } from "@kasbah/runtime";
import type { StreamObserver } from "../sds/service.ts";
import type { SubscriptionNote } from "../sds/subscription.ts";
import type { AgentMetrics } from "./metrics.ts";

const sds = { type: "sds" };

/** Clients choose these words: bounded, so that one line stays one line's worth. */
const maxClientText = 512;

/** Writes what happens on SDS streams to log and metrics. */
export function observeStreams(metrics: AgentMetrics, logger: Logger): StreamObserver {
  return {
    onOpened: () => metrics.streams.inc(),
    onClosed: () => metrics.streams.dec(),
    onNote(note: SubscriptionNote) {
      if (note.kind === "nack") {
        metrics.nacks.inc(sds);
        const facts = { names: note.names, complaint: note.complaint.slice(0, maxClientText) };
        if (!note.repeated) logger.warn("the client refuses the secret it was sent (NACK)", facts);
      } else if (note.kind === "unknown-name") {
        const facts = { code: "RESOURCE_UNKNOWN", resource: note.name.slice(0, maxClientText) };
        logger.warn("a client asks for a name that is not served here", facts);
      } else if (note.kind === "unknown-type") {
        logger.warn("a client asks for another type than secrets", {
          typeUrl: note.typeUrl.slice(0, maxClientText),
        });
      } else {
        metrics.staleNonces.inc(sds);
      }
    },
  };
}
