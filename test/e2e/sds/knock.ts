import { once } from "node:events";
import { connect } from "node:tls";
import type { SdsSecret } from "@kasbah/protocol";

export type KeyAndChain = Extract<SdsSecret, { kind: "tlsCertificate" }>;

/** Shows `own` to a door on loopback, and returns the serial that the door shows. Rejects unless the door echoes what is said to it. */
export async function knock(port: number, own: KeyAndChain, rootPem: string): Promise<string> {
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: rootPem,
    cert: Buffer.from(own.certificateChain),
    key: Buffer.from(own.privateKey),
    // A SPIFFE ID is no host name.
    checkServerIdentity: () => undefined,
    timeout: 5_000,
  });
  socket.once("timeout", () => socket.destroy(new Error("the door is silent")));
  try {
    socket.write("anybody there?");
    await once(socket, "data");
    return socket.getPeerCertificate().serialNumber;
  } finally {
    socket.destroy();
  }
}
