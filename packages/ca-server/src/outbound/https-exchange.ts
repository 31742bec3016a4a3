import type { IncomingMessage } from "node:http";
import { type Agent, type RequestOptions, request } from "node:https";
import { errnoOf } from "@kasbah/runtime";
import { HttpsError } from "../errors.ts";
import type { AddressRules } from "./address-rules.ts";
import { readCaFile } from "./ca-file.ts";
import { type HttpsProxy, proxyName } from "./proxy/proxy.ts";
import { namingProxy, TunnelAgent } from "./proxy/tunnel-agent.ts";
import { RacingAgent } from "./racing-agent.ts";
import { readSharedFile } from "./shared-file.ts";

/** The settings of an HTTPS server that the CA calls. */
export interface HttpsEndpoint {
  readonly url: URL;
  /** PEM of the roots that the server's certificate must chain to; undefined for the system's roots. */
  readonly caFile: string | undefined;
  /** Contains a bearer token for the server. Read again for each request, because the kubelet replaces it. */
  readonly tokenFile: string | undefined;
  readonly addressRules: AddressRules;
  /** For the whole exchange. The default is 5 s. */
  readonly timeoutMs?: number;
  /** The size limit of a response. The default is 1 MiB. */
  readonly maxBytes?: number;
  /** Keeps connections for the next exchange. Without an agent, each exchange opens its own. */
  readonly connections?: Agent;
  /** The proxy resolves the name of the server, so only an address in the URL is checked. Default: none. */
  readonly proxy?: HttpsProxy | undefined;
}

export interface HttpsRequest {
  readonly method: "GET" | "POST" | "PUT";
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface HttpsReply {
  readonly status: number;
  readonly body: string;
  /** `Retry-After` in milliseconds, if it is a number of seconds. */
  readonly retryAfterMs: number | undefined;
}

const defaultTimeoutMs = 5_000;
const defaultMaxBytes = 1024 * 1024;

/**
 * Performs one HTTPS exchange. It follows no redirects, which would send the token to another host, and
 * checks the address when it connects, so that a second DNS answer cannot bypass the rules.
 * @throws HttpsError, or the connection's error; it contains neither the token nor any part of a body
 */
export async function exchange(
  endpoint: HttpsEndpoint,
  asked: HttpsRequest,
  stopping?: AbortSignal,
): Promise<HttpsReply> {
  const { timeoutMs = defaultTimeoutMs } = endpoint;
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = stopping === undefined ? timeout : AbortSignal.any([stopping, timeout]);
  const { proxy } = endpoint;
  const ownAgent = endpoint.connections === undefined ? newAgent(proxy, timeoutMs, signal) : undefined;
  const agent = endpoint.connections ?? ownAgent;
  try {
    endpoint.addressRules.checkHost(endpoint.url.hostname);
    if (proxy !== undefined) refuseOwnHost(endpoint.url);
    const options = { ...(await requestOptions(endpoint, asked)), agent, signal };
    const response = await respond(endpoint.url, options, asked.body);
    const { statusCode: status = 0, headers } = response;
    return {
      status,
      body: await readBody(response, endpoint.maxBytes ?? defaultMaxBytes),
      retryAfterMs: parseSeconds(headers["retry-after"]),
    };
  } catch (cause) {
    const via = proxy === undefined ? "" : ` (proxy ${proxyName(proxy)})`;
    if (timeout.aborted) throw new HttpsError(`the server did not answer in time${via}`, { cause });
    stopping?.throwIfAborted();
    throw namingProxy(cause, proxy);
  } finally {
    ownAgent?.destroy();
  }
}

/** Node's global agent could use the proxy of the environment; these agents use only the given one. */
function newAgent(proxy: HttpsProxy | undefined, withinMs: number, stopping: AbortSignal): Agent {
  return proxy === undefined ? new RacingAgent(withinMs) : new TunnelAgent(proxy, stopping);
}

/** A proxy resolves names itself, and this one would mean the proxy's own host. */
function refuseOwnHost({ hostname }: URL): void {
  if (!/(?:^|\.)localhost\.?$/.test(hostname)) return;
  throw new HttpsError(`the name ${hostname} means the proxy's own host`);
}

export async function requestOptions(
  { caFile, tokenFile, addressRules }: HttpsEndpoint,
  { method, body }: HttpsRequest,
): Promise<RequestOptions> {
  const ca = caFile === undefined ? {} : { ca: await readCaFile(caFile) };
  const token = tokenFile === undefined ? undefined : (await readSharedFile(tokenFile)).trim();
  return {
    ...ca,
    method,
    minVersion: "TLSv1.2",
    lookup: addressRules.lookup,
    headers: {
      // The API server offers its key set only under the media type of RFC 7517 §8.5.
      accept: "application/json, application/jwk-set+json",
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
  };
}

/**
 * The server may close a kept connection just as it is reused. The request was then not processed, so one
 * retry is safe.
 */
export function respond(
  url: URL,
  options: RequestOptions,
  body: unknown,
  isLast = false,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, options, resolve);
    sent.once("error", (error) => {
      const isStale = sent.reusedSocket && errnoOf(error) === "ECONNRESET" && !isLast;
      if (isStale) respond(url, options, body, true).then(resolve, reject);
      else reject(error);
    });
    if (body === undefined) sent.end();
    else sent.end(JSON.stringify(body));
  });
}

async function readBody(response: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) throw new HttpsError(`the response is larger than ${maxBytes / 1024} KiB`);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseSeconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}
