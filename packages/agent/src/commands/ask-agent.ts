import { get, type IncomingMessage } from "node:http";
import { errnoOf, formatHostPort, type HostPort } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";

const timeoutMs = 2_000;
const maxBytes = 1024 * 1024;

/** A JSON object that a page of the agent's status port answered with, of whatever HTTP status. */
export type StatusPageObject = Readonly<Record<string, unknown>>;

/**
 * Asks the agent that runs for one of its pages, for two seconds at most.
 * @throws AgentError `AGENT_UNREACHABLE` when nobody answers, `AGENT_REPLY_INVALID` when somebody else does
 */
export async function askAgent(address: HostPort, path: string): Promise<StatusPageObject> {
  const where = formatHostPort(address);
  const page = parseObject(await bodyOf(address, path));
  // Istio's pilot-agent has its own /healthz/ready on the same port by default, with an empty body.
  if (page === undefined || typeof page["ready"] !== "boolean") {
    const message = `what answers ${path} at ${where} is no kasbah-agent; name the agent's own --status-address`;
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
      : (errnoOf(cause) ?? "connection broken");
    const where = formatHostPort({ host, port });
    const message = `no agent answers at ${where} (${reason}); start it, or name its --status-address`;
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
