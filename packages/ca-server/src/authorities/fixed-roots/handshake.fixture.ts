import { once } from "node:events";
import { type ConnectionOptions, connect, createServer, type TlsOptions } from "node:tls";

/** Performs a TLS handshake for `localhost`; returns the code with which the client rejects the server. */
export async function handshake(
  server: TlsOptions,
  client: Pick<ConnectionOptions, "ca">,
): Promise<string | undefined> {
  const listener = createServer(server, (socket) => socket.end()).listen(0, "127.0.0.1");
  listener.on("tlsClientError", () => undefined);
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new TypeError("not a TCP listener");
  const socket = connect({ ...client, host: "127.0.0.1", port: address.port, servername: "localhost" });
  try {
    return await once(socket, "secureConnect").then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  } finally {
    socket.destroy();
    listener.close();
  }
}
