import type { HostPort } from "@kasbah/runtime";
import { findFreeAddresses } from "../../mesh/processes/free-ports.ts";
import type { DevDocument } from "../folder/document.ts";
import { whyUnusable } from "../process/ports.ts";

/** The addresses of a CA, both on loopback. */
export interface CaAddresses {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
}

/** kasbah-server's own defaults, which its documentation uses. */
const defaultPorts = { grpc: 15_012, http: 15_014 };

/** The ports of the last CA of this folder, else the defaults, else free ones. */
export async function chooseCaAddresses({ ports }: Pick<DevDocument, "ports">): Promise<CaAddresses> {
  for (const { grpc, http } of [ports ?? defaultPorts, defaultPorts]) {
    const [grpcAddress, httpAddress] = [loopback(grpc), loopback(http)];
    const reasons = await Promise.all([whyUnusable(grpcAddress), whyUnusable(httpAddress)]);
    if (reasons.every((reason) => reason === undefined)) return { grpcAddress, httpAddress };
  }
  const [grpcAddress, httpAddress] = await findFreeAddresses(2);
  if (grpcAddress === undefined || httpAddress === undefined) throw new RangeError("too few addresses");
  return { grpcAddress, httpAddress };
}

function loopback(port: number): HostPort {
  return { host: "127.0.0.1", port };
}
