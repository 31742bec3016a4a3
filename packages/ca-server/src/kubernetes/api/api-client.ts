import {
  exchange,
  type HttpsEndpoint,
  type HttpsReply,
  type HttpsRequest,
} from "../../outbound/https-exchange.ts";
import { lines } from "../../outbound/https-lines.ts";
import { type TimeInDoubt, TrustedTimeAgent } from "../../outbound/trusted-time-agent.ts";

/** The connection settings of the Kubernetes API. */
export type KubernetesApi = Omit<HttpsEndpoint, "url" | "maxBytes" | "connections" | "proxy"> & {
  /** Such as `https://kubernetes.default.svc`. A path selects one of several clusters behind a proxy. */
  readonly server: URL;
  /** The default is that the clock of the machine can be used. */
  readonly timeInDoubt?: TimeInDoubt;
};

/** Enough for a page of pods with everything that controllers have written into them. */
const maxBytes = 8 * 1024 * 1024;
const maxConnections = 50;
/** Shorter than the idle timeout of load balancers in front of API servers. */
const idleMs = 20_000;

/** Node aborts each address of a name but the last after half a second, which is less than some links take. */
const slowLinks = { autoSelectFamilyAttemptTimeout: 1_500 };

/**
 * The few calls that the CA makes to the Kubernetes API with its own credentials. Paths start at the server's
 * root and include the query.
 */
export class KubernetesClient {
  readonly #api: KubernetesApi;
  readonly #connections: TrustedTimeAgent;

  constructor(api: KubernetesApi) {
    this.#api = api;
    const options = { keepAlive: true, maxSockets: maxConnections, timeout: idleMs, ...slowLinks };
    this.#connections = new TrustedTimeAgent(options, api.timeInDoubt ?? (() => undefined));
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

  /** The events of a watch, one JSON document per line, until the server ends it. */
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
