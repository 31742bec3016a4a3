import { HttpsError } from "../errors.ts";
import { type HttpsEndpoint, requestOptions, respond } from "./https-exchange.ts";
import { RacingAgent } from "./racing-agent.ts";

const connectWithinMs = 10_000;
const maxLineLength = 8 * 1024 * 1024;

/**
 * The lines of a response of unlimited length, which the Kubernetes API uses to send changes.
 *
 * @throws HttpsError if the server answers with a status other than 200; the body is not read
 */
export async function* lines(endpoint: HttpsEndpoint, signal: AbortSignal): AsyncIterable<string> {
  const agent = new RacingAgent(connectWithinMs);
  const slow = new AbortController();
  const timer = setTimeout(() => slow.abort(), connectWithinMs);
  try {
    endpoint.addressRules.checkHost(endpoint.url.hostname);
    const options = await requestOptions(endpoint, { method: "GET" });
    const either = AbortSignal.any([signal, slow.signal]);
    const response = await respond(endpoint.url, { ...options, agent, signal: either }, undefined);
    clearTimeout(timer);
    if (response.statusCode !== 200) throw new HttpsError(`the server answered ${response.statusCode}`);
    let rest = "";
    for await (const chunk of response.setEncoding("utf8")) {
      const [first = "", ...more] = String(chunk).split("\n");
      rest += first;
      for (const next of more) {
        yield rest;
        rest = next;
      }
      if (rest.length > maxLineLength) throw new HttpsError("a line of the response is longer than 8 MiB");
    }
  } finally {
    clearTimeout(timer);
    agent.destroy();
  }
}
