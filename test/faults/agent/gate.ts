import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { HostPort } from "@kasbah/runtime";

/** How a connection is treated: forwarded, closed immediately, or accepted and never answered. */
export type GateMode = "open" | "cut" | "silent";

/** A proxy in front of the CA that can be closed. TLS passes through it unchanged. */
export class Gate implements AsyncDisposable {
  mode: GateMode;
  /** The number of connections so far, in every mode. */
  dials = 0;
  readonly #target: HostPort;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  private constructor(target: HostPort, mode: GateMode) {
    this.#target = target;
    this.mode = mode;
    this.#server = createServer((socket) => this.#admit(socket));
  }

  static async before(target: HostPort, mode: GateMode, at = { host: "127.0.0.1", port: 0 }): Promise<Gate> {
    const gate = new Gate(target, mode);
    gate.#server.listen(at.port, at.host);
    await once(gate.#server, "listening");
    return gate;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("the server has no TCP port");
    return address.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #admit(socket: Socket): void {
    this.dials += 1;
    if (this.mode === "cut") return void socket.resetAndDestroy();
    this.#hold(socket);
    if (this.mode === "open") this.#lead(socket);
  }

  #lead(socket: Socket): void {
    const onward = connect(this.#target.port, this.#target.host);
    this.#hold(onward);
    socket.pipe(onward).pipe(socket);
    socket.once("close", () => onward.destroy());
    onward.once("close", () => socket.destroy());
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
