import { get, type IncomingMessage } from "node:http";
import { errnoOf, type HostPort } from "@kasbah/runtime";
import { type EnvoySecret, parseSecretDump } from "./secret-dump.ts";

const timeoutMs = 3_000;
const maxBytes = 16 * 1024 * 1024;

/** Envoy's secrets from SDS, or why its admin interface does not show them. */
export type EnvoyAnswer = { readonly secrets: readonly EnvoySecret[] } | { readonly problem: string };

/** Asks Envoy's admin interface which secrets it has received, and which it waits for. */
export async function readEnvoySecrets(admin: HostPort): Promise<EnvoyAnswer> {
  const active = await getPage(admin, "/config_dump?resource=dynamic_active_secrets");
  if ("problem" in active) return active;
  const warming = await getPage(admin, "/config_dump?resource=dynamic_warming_secrets");
  const waiting = "problem" in warming ? [] : parseSecretDump(warming.body, true);
  return { secrets: [...parseSecretDump(active.body, false), ...waiting] };
}

async function getPage(
  { host, port }: HostPort,
  path: string,
): Promise<{ readonly body: string } | { readonly problem: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      get({ host, port, path, signal, agent: false }, resolve).on("error", reject);
    });
    let body = "";
    for await (const chunk of response.setEncoding("utf8")) {
      body += chunk;
      if (body.length > maxBytes) return { problem: `more than ${maxBytes} octets` };
    }
    return response.statusCode === 200 ? { body } : { problem: `HTTP status ${response.statusCode}` };
  } catch (error) {
    if (signal.aborted) return { problem: `no answer within ${timeoutMs / 1_000} s` };
    return { problem: errnoOf(error) ?? "the connection was closed" };
  }
}
