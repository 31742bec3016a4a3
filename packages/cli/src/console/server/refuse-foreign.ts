import { printableText } from "@kasbah/runtime";
import type { RequestFacts } from "./facts.ts";
import { type RequestRefusal, refusal } from "./refusal.ts";

type Caller = Pick<RequestFacts, "hosts" | "origin" | "site" | "opensPage" | "method" | "path">;

/**
 * Refuses what another page could send through the operator's browser. A page whose name resolves to this port (DNS
 * rebinding) sends its own name as `Host`; any other page sends its `Origin`, or a `Sec-Fetch-Site` of a foreign site.
 */
export function refuseForeign(caller: Caller, port: number): RequestRefusal | undefined {
  const [host = "", ...more] = caller.hosts;
  if (more.length > 0 || !hostsOf(port).includes(host)) return foreignHost(host, port);
  if (caller.origin !== undefined && caller.origin !== `http://${host}`)
    return refusal(403, "CONSOLE_REQUEST_FOREIGN", `a page of ${shown(caller.origin)} sent this request`);
  if (caller.site === undefined || caller.site === "same-origin" || caller.site === "none") return undefined;
  // A link in another program opens the page itself, which contains no answer of the CA.
  if (caller.opensPage && caller.method === "GET" && caller.path === "/") return undefined;
  return refusal(403, "CONSOLE_REQUEST_FOREIGN", "a page of another site sent this request");
}

function hostsOf(port: number): readonly string[] {
  return [`127.0.0.1:${port}`, `localhost:${port}`];
}

function foreignHost(host: string, port: number): RequestRefusal {
  const found = host === "" ? "the request names none" : `got ${shown(host)}`;
  const expected = `expected the host 127.0.0.1:${port}, ${found}`;
  const hint = `forward the same port: ssh -L ${port}:127.0.0.1:${port}`;
  return refusal(421, "CONSOLE_REQUEST_FOREIGN", `${expected}; ${hint}`);
}

function shown(text: string): string {
  return printableText(text, 100);
}
