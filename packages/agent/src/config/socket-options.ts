import { join } from "node:path";

/** Where Istio's pod templates, and SPIRE's, mount the socket. */
const istioDirectory = "./var/run/secrets/workload-spiffe-uds";

/** The path of the SDS socket: as configured, or the given file name in Istio's directory. */
export function sdsSocketPath(config: {
  readonly sdsSocket: string | undefined;
  readonly sdsSocketFile: string;
}): string {
  return config.sdsSocket ?? join(istioDirectory, config.sdsSocketFile);
}

/** Parses a file name without a directory. Throws TypeError. */
export function parseSocketFile(text: string): string {
  const isName = text !== "" && text !== "." && text !== ".." && !/[/\0]/.test(text);
  if (!isName) throw new TypeError("expected a file name without a directory");
  return text;
}

const modes: ReadonlyMap<string, number> = new Map([
  ["600", 0o600],
  ["660", 0o660],
  ["666", 0o666],
]);

/**
 * Parses the permission bits of a socket, in octal. Connecting requires write permission, so other bits have
 * no effect. Throws TypeError.
 */
export function parseSocketMode(text: string): number {
  const mode = modes.get(text.replace(/^0/, ""));
  if (mode === undefined)
    throw new TypeError("expected 0600 (owner), 0660 (owner and group) or 0666 (everyone)");
  return mode;
}
