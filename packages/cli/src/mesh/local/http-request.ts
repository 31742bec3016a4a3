import { request } from "node:http";
import type { HostPort } from "@kasbah/runtime";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

const deadlineMs = 5000;
const maxBodyBytes = 64 * 1024;

/** Sends one GET on a new connection. Rejects with the socket's error. */
export function getOnce({ host, port }: HostPort, path: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path, agent: false, timeout: deadlineMs }, (response) => {
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
