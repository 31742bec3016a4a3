import { request } from "node:http";
import type { HostPort } from "@kasbah/runtime";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const deadlineMs = 5000;
const maxBodyBytes = 1 << 20;

/**
 * Sends one GET on a new connection. Rejects with the socket's error, or when the signal aborts. The connection is
 * direct: `fetch` would use a proxy for localhost too if NODE_USE_ENV_PROXY is set.
 */
export function getOnce(
  { host, port }: HostPort,
  path: string,
  signal: AbortSignal = AbortSignal.timeout(deadlineMs),
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path, agent: false, timeout: deadlineMs, signal }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        if (body.length < maxBodyBytes) body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    call.on("timeout", () => call.destroy(new Error(`no answer within ${deadlineMs / 1000} s`)));
    call.on("error", reject);
    call.end();
  });
}
