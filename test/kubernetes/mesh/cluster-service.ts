import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "@kasbah/runtime";

/**
 * A ClusterIP on loopback: each connection goes to the next endpoint, round-robin, that accepts it, as with
 * kube-proxy.
 */
export class ClusterService {
  readonly address: HostPort;
  /** Ports of the pods behind the Service. */
  endpoints: readonly number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #turn = 0;

  private constructor(server: Server) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("the server has no TCP port");
    this.address = { host: "127.0.0.1", port: address.port };
    this.#server = server;
    server.on("connection", (client) => void this.#forward(client));
  }

  static async start(): Promise<ClusterService> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ClusterService(server);
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #forward(client: Socket): Promise<void> {
    this.#keep(client);
    const endpoint = await this.#reach();
    if (endpoint === undefined) {
      client.destroy();
      return;
    }
    this.#keep(endpoint);
    client.once("close", () => endpoint.destroy());
    endpoint.once("close", () => client.destroy());
    client.pipe(endpoint).pipe(client);
  }

  async #reach(): Promise<Socket | undefined> {
    const { endpoints } = this;
    for (let tries = 0; tries < endpoints.length; tries += 1) {
      this.#turn += 1;
      const socket = connect(endpoints[this.#turn % endpoints.length] ?? 0, "127.0.0.1");
      const connected = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      if (connected) return socket;
    }
    return undefined;
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
