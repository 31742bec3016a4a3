import { get, type IncomingMessage } from "node:http";
import { errnoOf, formatHostPort, type HostPort } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";

const timeoutMs = 2_000;
/** The document of a gateway with 2,000 names takes a few megabytes. */
const maxBytes = 8 * 1024 * 1024;

/** A JSON object returned by the agent's status port, regardless of the HTTP status. */
export type StatusPageObject = Readonly<Record<string, unknown>>;

/**
 * Requests a page from the running agent, with a timeout of two seconds.
 * @throws AgentError `AGENT_UNREACHABLE` if nothing answers, `AGENT_REPLY_INVALID` if the server is not
 * kasbah-agent
 */
export async function askAgent(address: HostPort, path: string): Promise<StatusPageObject> {
  const where = formatHostPort(address);
  const page = parseObject(await bodyOf(address, path));
  // Istio's pilot-agent has its own /healthz/ready on the same port by default, with an empty body.
  if (page === undefined || typeof page["ready"] !== "boolean") {
    const message = `the server at ${where} that answers ${path} is not kasbah-agent; set --status-address to the agent's address`;
    throw new AgentError("AGENT_REPLY_INVALID", message);
  }
  return page;
}

async function bodyOf({ host, port }: HostPort, path: string): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host, port, path, signal, agent: false }, resolve).on("error", reject);
    });
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) {
      body += chunk;
      if (body.length > maxBytes) return "";
    }
    return body;
  } catch (cause) {
    const reason = signal.aborted
      ? `no answer within ${timeoutMs / 1000} s`
      : (errnoOf(cause) ?? "connection closed");
    const where = formatHostPort({ host, port });
    const message = `cannot reach an agent at ${where} (${reason}); start the agent, or set --status-address to its address`;
    throw new AgentError("AGENT_UNREACHABLE", message, { cause });
  }
}

function parseObject(body: string): StatusPageObject | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
