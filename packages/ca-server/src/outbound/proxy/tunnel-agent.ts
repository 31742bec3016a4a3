import { Agent, type RequestOptions } from "node:https";
import type { Duplex } from "node:stream";
import { errnoOf } from "@kasbah/runtime";
import { HttpsError } from "../../errors.ts";
import { type HttpsProxy, proxyName } from "./proxy.ts";

type Connected = (error: Error | null, socket: Duplex) => void;

/**
 * Node's own tunnel through a proxy: TLS ends at the origin, so the proxy sees only its name. Until the tunnel is
 * open, Node neither tracks the connection nor stops waiting for it, so this agent does.
 */
export class TunnelAgent extends Agent {
  readonly #opened = new Set<Duplex>();

  /** @param stopping closes every connection */
  constructor({ url, except }: HttpsProxy, stopping: AbortSignal) {
    super({ keepAlive: false, proxyEnv: { HTTPS_PROXY: url.href, NO_PROXY: except } });
    stopping.addEventListener("abort", () => this.destroy(), { once: true });
  }

  override createConnection(options: RequestOptions, connected?: Connected): Duplex | null | undefined {
    let isReported = false;
    const report: Connected = (error, socket) => {
      if (isReported) return;
      isReported = true;
      connected?.(error, socket);
    };
    const socket = super.createConnection(options, report);
    if (!socket) return socket;
    this.#opened.add(socket);
    return socket.on("close", () => {
      this.#opened.delete(socket);
      report(new HttpsError("the connection to the proxy was closed"), socket);
    });
  }

  override destroy(): void {
    super.destroy();
    for (const socket of this.#opened) socket.destroy();
  }
}

/** Names the proxy in a failure to open a tunnel. Of the proxy's own words only the status is kept. */
export function namingProxy(error: unknown, proxy: HttpsProxy | undefined): unknown {
  if (proxy === undefined || errnoOf(error) !== "ERR_PROXY_TUNNEL") return error;
  const { statusCode } = error as { readonly statusCode?: number };
  const answer = Number.isInteger(statusCode) ? `it answered ${statusCode}` : "its answer opens no tunnel";
  const hint = statusCode === 407 ? "; set credentials in HTTPS_PROXY" : "";
  return new HttpsError(`no connection through the proxy ${proxyName(proxy)}: ${answer}${hint}`);
}
