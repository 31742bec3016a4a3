import { once } from "node:events";
import { connect, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { formatHostPort, type HostPort } from "../../address.ts";
import type { Attempt } from "../race.ts";
import { serverNameOf } from "../server-name.ts";
import { describeProxy, type ProxyAddress } from "./proxy-address.ts";

/** More than any proxy sends before a tunnel opens. */
const maxHeadBytes = 8 * 1024;
const headEnd = "\r\n\r\n";

/** A way to a TLS server through an HTTP proxy. The proxy resolves the server's name, and TLS ends at the server. */
export class HttpTunnel {
  readonly #proxy: ProxyAddress;

  constructor(proxy: ProxyAddress) {
    this.#proxy = proxy;
  }

  /** The address of the proxy. */
  get address(): HostPort {
    return this.#proxy.address;
  }

  /** The proxy for messages. */
  get name(): string {
    return describeProxy(this.#proxy);
  }

  /**
   * Opens a tunnel to `target` by one address of the proxy.
   *
   * @param startTls starts TLS with the server on the tunnel
   * @param accept examines the verified server, and throws to refuse it
   */
  attempt(
    address: string,
    target: HostPort,
    startTls: (tunnel: Socket) => TLSSocket,
    accept: (socket: TLSSocket) => void,
  ): Attempt<TLSSocket> {
    const socket = connect(this.address.port, address);
    socket.on("error", () => {});
    const closed = new AbortController();
    const { signal } = closed;
    const connected = once(socket, "connect", { signal });
    const open = async () => {
      await connected;
      await this.#establish(socket, target, signal);
      const tls = startTls(socket);
      tls.on("error", () => {});
      await once(tls, "secureConnect", { signal });
      accept(tls);
      return tls;
    };
    return {
      connected,
      ready: open(),
      close() {
        closed.abort();
        socket.destroy();
      },
    };
  }

  async #establish(socket: Socket, target: HostPort, signal: AbortSignal): Promise<void> {
    const authority = formatHostPort({ host: serverNameOf(target.host), port: target.port });
    const { authorization } = this.#proxy;
    const credentials =
      authorization === undefined ? "" : `Proxy-Authorization: ${authorization.reveal()}\r\n`;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${credentials}\r\n`);
    const status = statusOf(await readHead(socket, signal));
    if (status === 200) return;
    // tinyproxy answers 401 instead of 407.
    const fix = status === 407 || status === 401 ? "; set user and password in --ca-proxy" : "";
    throw new Error(
      status === undefined ? "it did not answer as an HTTP proxy" : `it answered ${status}${fix}`,
    );
  }
}

/** Reads the head of the answer, and no octet after it: the server speaks only after the client. */
function readHead(socket: Socket, signal: AbortSignal): Promise<string> {
  let head = "";
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      socket.off("data", onData).off("end", onEnd).off("error", onError);
      signal.removeEventListener("abort", onAbort);
      outcome();
    };
    const fail = (problem: string) => settle(() => reject(new Error(problem)));
    const onData = (chunk: Buffer) => {
      head += chunk.toString("latin1");
      const end = head.indexOf(headEnd);
      if (end < 0 && head.length > maxHeadBytes) fail(`its answer has more than ${maxHeadBytes} octets`);
      else if (end >= 0 && statusOf(head) === 200 && end + headEnd.length < head.length) {
        fail("it sent octets after its answer");
      } else if (end >= 0) settle(() => resolve(head));
    };
    const onEnd = () => fail("it closed the connection without an answer");
    const onError = (error: Error) => settle(() => reject(error));
    const onAbort = () => settle(() => reject(signal.reason));
    socket.on("data", onData).on("end", onEnd).on("error", onError);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Of the proxy's words, only the status is used. */
function statusOf(head: string): number | undefined {
  const [, status] = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(head) ?? [];
  return status === undefined ? undefined : Number(status);
}
