import { readFile } from "node:fs/promises";
import { z } from "zod";

const netLog = z.object({
  constants: z.object({ logEventTypes: z.record(z.string(), z.number()) }),
  events: z.array(
    z.object({
      type: z.number(),
      source: z.object({ id: z.number() }),
      params: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

/**
 * Where the browser connected over TCP or tried to, and where it sent datagrams, requests of the browser itself
 * included. It also connects UDP sockets that send nothing, to learn its own address. The log is complete once the
 * browser has closed.
 */
export async function addressesIn(path: string): Promise<readonly string[]> {
  const { constants, events } = netLog.parse(JSON.parse(await readFile(path, "utf8")));
  const { TCP_CONNECT_ATTEMPT: tcp, UDP_CONNECT: udp, UDP_BYTES_SENT: sent } = constants.logEventTypes;
  if ([tcp, udp, sent].includes(undefined)) throw new Error("the net log names its events differently");
  const senders = new Set(events.filter(({ type }) => type === sent).map(({ source }) => source.id));
  const isContact = ({ type, source }: (typeof events)[number]) =>
    type === tcp || (type === udp && senders.has(source.id));
  const addresses = events
    .filter(isContact)
    .flatMap(({ params }) => (typeof params?.["address"] === "string" ? [params["address"]] : []));
  return [...new Set(addresses)];
}
