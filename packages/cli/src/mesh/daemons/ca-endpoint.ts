import { formatHostPort, type HostPort } from "@kasbah/runtime";

/** What clients of the CA need to connect to it. */
export interface CaEndpoint {
  readonly grpcAddress: HostPort;
  readonly rootPath: string;
  /** The SPIFFE ID that agents require of it; none if undefined. */
  readonly spiffeId?: string;
}

/** The SPIFFE ID of the CA of a local mesh. */
export function caSpiffeIdOf(trustDomain: string): string {
  return `spiffe://${trustDomain}/ns/kasbah-system/sa/kasbah`;
}

/** The agent's flags that name its CA. */
export function caFlags({ grpcAddress, rootPath, spiffeId }: CaEndpoint): readonly string[] {
  const required = ["--ca-address", formatHostPort(grpcAddress), "--ca-root", rootPath];
  return spiffeId === undefined ? required : [...required, "--ca-spiffe-id", spiffeId];
}
