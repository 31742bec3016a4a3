import { isIP } from "node:net";
import type { SpiffeId } from "@kasbah/pki";
import type { SubjectAltName } from "@kasbah/pki/certificate-writer";

/** Stock agents connect to `localhost` with the last name as the server name (pilot/pkg/grpc/tls.go). */
const alwaysNames = ["localhost", "127.0.0.1", "::1", "istiod.istio-system.svc"];

/** What decides the names of the CA's own serving certificate. */
export interface ServingNamesOptions {
  /** DNS names and IP addresses in addition to the ones that it always has. */
  readonly additional: readonly string[];
  /** The SPIFFE ID by which agents can tell the CA from its workloads; undefined to have none. */
  readonly ownSpiffeId: SpiffeId | undefined;
}

/**
 * The names of the CA's own serving certificate. The URI comes last, after the names that every client reads.
 */
export function servingNames({ additional, ownSpiffeId }: ServingNamesOptions): readonly SubjectAltName[] {
  const hosts = [...new Set([...alwaysNames, ...additional])];
  const uris = ownSpiffeId === undefined ? [] : [ownSpiffeId.toString()];
  return [
    ...hosts.map((value) => ({ kind: isIP(value) === 0 ? "dns" : "ip", value }) as const),
    ...uris.map((value) => ({ kind: "uri", value }) as const),
  ];
}
