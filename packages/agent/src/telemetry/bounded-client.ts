import type { StreamView } from "../sds/stream/stream-record.ts";

/** Streams, names and characters that the status tells of: whatever clients do, the document stays below the 1 MiB that is read of it. */
export const maxClients = 100;
export const maxResources = 256;
export const maxName = 128;
const maxClientResources = 10;
const maxNackNames = 4;
const maxComplaint = 256;

/** What the status shows of a stream, and how many of its names it leaves out. */
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
