import { Agent } from "node:https";
import { exchange, type HttpsEndpoint, type HttpsReply } from "../https/https-exchange.ts";

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

/** The few calls of the Kubernetes API that the CA makes, as itself. */
export class KubernetesClient {
  readonly #api: KubernetesApi;
  readonly #connections = new Agent({ keepAlive: true, maxSockets: maxConnections, timeout: idleMs });

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** @param path with its query, from the root of the server. */
  get(path: string): Promise<HttpsReply> {
    return this.#exchange(path, { method: "GET" });
  }

  post(path: string, body: unknown): Promise<HttpsReply> {
    return this.#exchange(path, { method: "POST", body });
  }

  #exchange(path: string, asked: Parameters<typeof exchange>[1]): Promise<HttpsReply> {
    const { server, ...rest } = this.#api;
    const url = new URL(`${server.pathname.replace(/\/$/, "")}${path}`, server);
    return exchange({ ...rest, url, maxBytes, connections: this.#connections }, asked);
  }
}
