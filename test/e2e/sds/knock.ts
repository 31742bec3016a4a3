import { once } from "node:events";
import { connect } from "node:tls";
import type { SdsSecret } from "@kasbah/protocol";

export type KeyAndChain = Extract<SdsSecret, { kind: "tlsCertificate" }>;

/**
 * Presents `own` to a listener on loopback, and returns the serial number of the listener's certificate.
 * Rejects unless the listener echoes the data.
 */
export async function knock(port: number, own: KeyAndChain, rootPem: string): Promise<string> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: rootPem,
    cert: Buffer.from(own.certificateChain),
    key: Buffer.from(own.privateKey),
    // A SPIFFE ID is not a host name.
    checkServerIdentity: () => undefined,
    timeout: 5_000,
  });
  socket.once("timeout", () => socket.destroy(new Error("the listener does not answer")));
  try {
    socket.write("anybody there?");
    await once(socket, "data");
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}
