import { readFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { Agent, type RequestOptions, request } from "node:https";
import { JwksError } from "../errors.ts";

export interface JwksEndpoint {
  readonly url: URL;
  /** PEM of the roots that the server's certificate must chain to; undefined for the system's. */
  readonly caFile: string | undefined;
  /** Holds a bearer token for the endpoint; read again for each fetch, since kubelets replace it. */
  readonly tokenFile: string | undefined;
  /** For the whole exchange. Default 5 s. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 5_000;
const maxBytes = 1024 * 1024;

/**
 * Fetches a key set over https. Redirects are not followed: they would take our token to a host that nobody configured.
 *
 * @throws JwksError, or the error of the connection; it holds neither the token nor anything of the body.
 */
export async function fetchJwks(endpoint: JwksEndpoint, stopping: AbortSignal): Promise<string> {
  const timeout = AbortSignal.timeout(endpoint.timeoutMs ?? defaultTimeoutMs);
  const signal = AbortSignal.any([stopping, timeout]);
  const agent = new Agent({ keepAlive: false });
  try {
    const response = await respond(endpoint.url, { ...(await requestOptions(endpoint)), agent, signal });
    return await readBody(response);
  } catch (cause) {
    if (timeout.aborted) throw new JwksError("the key set endpoint did not answer in time", { cause });
    throw cause;
  } finally {
    agent.destroy();
  }
}

async function requestOptions({ caFile, tokenFile }: JwksEndpoint): Promise<RequestOptions> {
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile) };
  const token = tokenFile === undefined ? undefined : (await readFile(tokenFile, "utf8")).trim();
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return { ...ca, minVersion: "TLSv1.2", headers: { accept: "application/json", ...authorization } };
}

function respond(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, options, resolve).once("error", reject).end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  if (response.statusCode !== 200) {
    response.destroy();
    throw new JwksError(`the key set endpoint answered ${response.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxBytes) throw new JwksError("the key set is larger than 1 MiB");
  }
  return Buffer.concat(chunks).toString("utf8");
}
