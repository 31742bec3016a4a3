import type { StreamView } from "../sds/stream/stream-record.ts";

/**
 * Limits of the status document, which keep it below the 1 MiB that the status command reads, regardless of
 * the clients.
 */
export const maxClients = 100;
export const maxResources = 256;
export const maxName = 128;
const maxClientResources = 10;
const maxNackNames = 4;
const maxComplaint = 256;

/** Returns a stream as the status shows it, with the number of names left out. */
export function boundedClient(client: StreamView) {
  const { node, resources, lastNack, ...others } = client;
  const shown = resources.slice(0, maxClientResources);
  return {
    ...others,
    node: node.slice(0, maxName),
    resources: shown.map((one) => ({ ...one, name: one.name.slice(0, maxName) })),
    resourcesLeftOut: resources.length - shown.length,
    lastNack: lastNack && {
      names: lastNack.names.slice(0, maxNackNames).map((name) => name.slice(0, maxName)),
      complaint: lastNack.complaint.slice(0, maxComplaint),
      at: lastNack.at,
    },
  };
}
