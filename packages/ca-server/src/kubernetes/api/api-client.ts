import { Agent } from "node:https";
import {
  exchange,
  type HttpsEndpoint,
  type HttpsReply,
  type HttpsRequest,
} from "../../outbound/https-exchange.ts";
import { lines } from "../../outbound/https-lines.ts";

/** How the Kubernetes API is reached. */
export type KubernetesApi = Omit<HttpsEndpoint, "url" | "maxBytes" | "connections"> & {
  /** Such as `https://kubernetes.default.svc`; a path leads to one of several clusters behind a proxy. */
  readonly server: URL;
};

/** A page of pods, with all that controllers have written into them. */
const maxBytes = 8 * 1024 * 1024;
const maxConnections = 50;
/** Less than load balancers in front of API servers wait. */
const idleMs = 20_000;

/** The few calls of the Kubernetes API that the CA makes, as itself. Paths begin at the root of the server, with their query. */
export class KubernetesClient {
  readonly #api: KubernetesApi;
  readonly #connections = new Agent({ keepAlive: true, maxSockets: maxConnections, timeout: idleMs });

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  get(path: string): Promise<HttpsReply> {
    return this.#exchange(path, { method: "GET" });
  }

  post(path: string, body: unknown): Promise<HttpsReply> {
    return this.#exchange(path, { method: "POST", body });
  }

  put(path: string, body: unknown): Promise<HttpsReply> {
    return this.#exchange(path, { method: "PUT", body });
  }

  /** The events of a watch, one JSON document a line, until the server ends it. */
  watch(path: string, signal: AbortSignal): AsyncIterable<string> {
    const { server, ...rest } = this.#api;
    return lines({ ...rest, url: this.#url(path, server) }, signal);
  }

  #exchange(path: string, asked: HttpsRequest): Promise<HttpsReply> {
    const { server, ...rest } = this.#api;
    const url = this.#url(path, server);
    return exchange({ ...rest, url, maxBytes, connections: this.#connections }, asked);
  }

  #url(path: string, server: URL): URL {
    return new URL(`${server.pathname.replace(/\/$/, "")}${path}`, server);
  }
}
