import { createCertificate } from "@kasbah/protocol";
import type { HostPort } from "@kasbah/runtime";
import { GrpcServer } from "@kasbah/runtime/grpc";
import { grpcStatus, unaryRoute } from "@kasbah/runtime/rpc";

/** A workload that answers like a CA, and keeps what it receives. */
export interface Impostor {
  readonly address: HostPort;
  /** The `authorization` header of each call. */
  readonly stolen: readonly string[];
  close(): Promise<void>;
}

/** Starts an impostor with the chain and the key of a workload certificate. */
export async function startImpostor(identity: {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}): Promise<Impostor> {
  const stolen: string[] = [];
  const route = unaryRoute({
    path: createCertificate.path,
    decode: createCertificate.request.decode,
    encode: createCertificate.response.encode,
    handle: async (call) => {
      stolen.push(call.metadata("authorization")[0] ?? "");
      throw new Error("nothing to give");
    },
  });
  const toStatus = () => ({ code: grpcStatus.UNAVAILABLE, message: "try again" });
  const server = new GrpcServer({ routes: [route], toStatus });
  const address = await server.listenTls({ host: "127.0.0.1", port: 0 }, identity);
  return { address, stolen, close: () => server.close(100) };
}
