import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { HostPort } from "@kasbah/runtime";

/**
 * Distinct loopback addresses that are currently free. The kernel gives odd ports to listeners and even ones
 * to connections, so such a port remains free while its owner restarts under traffic.
 */
export async function findFreeAddresses(count: number): Promise<readonly HostPort[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const addresses = servers.map((server) => ({ host: "127.0.0.1", port: portOf(server) }));
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return addresses;
}

async function listenAnywhere(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
