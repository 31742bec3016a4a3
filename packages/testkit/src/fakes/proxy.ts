import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** What the proxy does once it has read the head of a request. */
type ProxyBehavior = "tunnel" | "hang" | { readonly answer: string | Buffer };

/** An HTTP proxy on loopback that keeps every octet which passes it, and resolves every name to loopback. */
export class ProxyServer implements AsyncDisposable {
  behavior: ProxyBehavior = "tunnel";
  /** The head of each request. */
  readonly heads: string[] = [];
  readonly #passed: Buffer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => this.#serve(socket));

  static async start(): Promise<ProxyServer> {
    const proxy = new ProxyServer();
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get url(): URL {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("a TCP server has a port");
    return new URL(`http://127.0.0.1:${address.port}`);
  }

  /** The number of connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  /** Whether the text passed the proxy in the clear. */
  saw(text: string): boolean {
    return Buffer.concat(this.#passed).includes(text);
  }

  #serve(socket: Socket): void {
    this.#track(socket);
    let head = "";
    const onData = (chunk: Buffer) => {
      head += chunk.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      socket.off("data", onData);
      this.heads.push(head);
      this.#answer(socket, head);
    };
    socket.on("data", onData);
  }

  #answer(socket: Socket, head: string): void {
    const { behavior } = this;
    if (behavior === "hang") return;
    if (behavior !== "tunnel") {
      socket.write(behavior.answer);
      return;
    }
    const port = Number(/^CONNECT [^ ]+:(\d+) /.exec(head)?.[1]);
    const origin = connect(port, "127.0.0.1", () =>
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n"),
    );
    this.#track(origin);
    for (const each of [socket, origin]) each.on("data", (chunk: Buffer) => this.#passed.push(chunk));
    socket.on("close", () => origin.destroy()).pipe(origin);
    origin.on("close", () => socket.destroy()).pipe(socket);
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
