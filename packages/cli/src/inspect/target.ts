import { formatHostPort, type HostPort, parseHostPort, schema } from "@kasbah/runtime";
import { CliError } from "../errors.ts";

/** What to inspect: a PEM or DER file, a TLS server, or the Unix socket of an SDS server. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "tls"; readonly address: HostPort }
  | { readonly kind: "sds"; readonly path: string };

const longestTarget = 4096;

/**
 * Parses `unix:PATH` as a socket, `host:port` as a server, and anything else as a file. Write `./name:1` for
 * a file whose name looks like a server.
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

/** The format that `parseTarget` reads. */
export function formatTarget(target: Target): string {
  if (target.kind === "tls") return formatHostPort(target.address);
  return target.kind === "sds" ? `unix:${target.path}` : target.path;
}

/** Envoy writes the same path as `unix:///path` or `unix:path`. */
function socketPath(text: string): string {
  const rest = text.slice("unix:".length);
  const path = rest.startsWith("///") ? rest.slice(2) : rest;
  const read = schema.socketPath.read(path);
  if (read.ok && !path.startsWith("//")) return path;
  const reason = read.ok ? "" : `: ${read.problem} after unix:`;
  throw new CliError(
    "TARGET_INVALID",
    `expected unix:PATH, such as unix:/var/run/secrets/workload-spiffe-uds/socket${reason}`,
  );
}

function hostPort(text: string): HostPort | undefined {
  try {
    const address = parseHostPort(text);
    return address.port === 0 ? undefined : address;
  } catch {
    return undefined;
  }
}
