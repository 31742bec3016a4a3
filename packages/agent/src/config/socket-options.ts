import { join } from "node:path";

/** What one client may have: a request is Envoy's node and some names; a gateway has a stream for each of its secrets. */
export const sdsLimits = {
  maxRequestBytes: 1024 * 1024,
  maxConcurrentStreams: 1_000,
  maxConnections: 256,
  // Only Envoys of our own uid come here, and one that is reconfigured resets all of its streams at once.
  resetBurst: 1_000,
};

/** Where Istio's pod templates, and SPIRE's, mount the socket. */
const istioDirectory = "./var/run/secrets/workload-spiffe-uds";

/** The path of the socket: as given, or the file of that name where Istio has it. */
export function sdsSocketPath(config: {
  readonly sdsSocket: string | undefined;
  readonly sdsSocketFile: string;
}): string {
  return config.sdsSocket ?? join(istioDirectory, config.sdsSocketFile);
}

/** Reads the name of a file, without a directory. Throws TypeError. */
export function parseSocketFile(text: string): string {
  const isName = text !== "" && text !== "." && text !== ".." && !/[/\0]/.test(text);
  if (!isName) throw new TypeError("expected the name of a file, without a directory");
  return text;
}

const modes: ReadonlyMap<string, number> = new Map([
  ["600", 0o600],
  ["660", 0o660],
  ["666", 0o666],
]);

/** Reads the permission bits of a socket, in octal. To connect takes the right to write, so other bits would mean nothing. Throws TypeError. */
export function parseSocketMode(text: string): number {
  const mode = modes.get(text.replace(/^0/, ""));
  if (mode === undefined)
    throw new TypeError("expected 0600 (the owner), 0660 (and its group) or 0666 (everybody)");
  return mode;
}

/** What the log should say of a mode; undefined of the good one. Whoever can connect gets the private key. */
export function socketModeWarning(mode: number): string | undefined {
  if (mode === 0o600) return undefined;
  const who = mode === 0o660 ? "the socket's group" : "every user who reaches the socket's directory";
  return `${who} can have the workload's private key; run agent and Envoy under one user and keep --sds-socket-mode 0600`;
}
