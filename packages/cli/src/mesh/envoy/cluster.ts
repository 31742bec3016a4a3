import { isIP } from "node:net";
import type { HostPort } from "@kasbah/runtime";
import { socketAddress } from "./listener.ts";

/** A cluster of one address. Envoy resolves a name again when its record expires. */
export function plainCluster(name: string, address: HostPort) {
  const endpoint =
    address.host === "localhost" ? loopbackEndpoint(address.port) : { address: socketAddress(address) };
  return {
    name,
    type: isIP(address.host) !== 0 || address.host === "localhost" ? "STATIC" : "STRICT_DNS",
    connect_timeout: "5s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
  };
}

/** Some programs that listen on localhost listen only on ::1. */
function loopbackEndpoint(port: number) {
  return {
    address: socketAddress({ host: "127.0.0.1", port }),
    additional_addresses: [{ address: socketAddress({ host: "::1", port }) }],
  };
}
