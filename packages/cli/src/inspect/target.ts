import { formatHostPort, type HostPort, parseHostPort } from "@kasbah/runtime";
import { CliError } from "../errors.ts";

/** What to look at: a PEM or DER file, a TLS server, or an SDS server's Unix socket. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "tls"; readonly address: HostPort }
  | { readonly kind: "sds"; readonly path: string };

const longestTarget = 4096;

/**
 * `unix:PATH` is a socket, `host:port` a server, anything else a file; a file named like a server is written `./name:1`.
 *
 * @throws CliError `TARGET_INVALID`
 */
export function parseTarget(text: string): Target {
  if (text === "" || text.length > longestTarget || text.includes("\0")) {
    throw new CliError("TARGET_INVALID", "expected file.pem, host:port or unix:SOCKET");
  }
  if (text.startsWith("unix:")) return { kind: "sds", path: socketPath(text) };
  const address = text.includes("/") ? undefined : hostPort(text);
  return address ? { kind: "tls", address } : { kind: "file", path: text };
}

/** The form that `parseTarget` reads. */
export function formatTarget(target: Target): string {
  if (target.kind === "tls") return formatHostPort(target.address);
  return target.kind === "sds" ? `unix:${target.path}` : target.path;
}

/** Envoy writes `unix:///path` and `unix:path` for the same thing. */
function socketPath(text: string): string {
  const rest = text.slice("unix:".length);
  const path = rest.startsWith("///") ? rest.slice(2) : rest;
  if (path === "" || path.startsWith("//")) {
    throw new CliError(
      "TARGET_INVALID",
      "expected unix:PATH, such as unix:/var/run/secrets/workload-spiffe-uds/socket",
    );
  }
  return path;
}

function hostPort(text: string): HostPort | undefined {
  try {
    const address = parseHostPort(text);
    return address.port === 0 ? undefined : address;
  } catch {
    return undefined;
  }
}
