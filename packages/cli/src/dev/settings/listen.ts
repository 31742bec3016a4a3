import { type HostPort, parseHostPort, quoted } from "@kasbah/runtime";
import { parsePortNumber } from "./port.ts";
import { usageError } from "./usage-error.ts";

/** A port on which the mesh reaches the program by mTLS. */
export interface Listen {
  readonly address: HostPort;
  /** The port of the program on this machine. */
  readonly appPort: number;
}

/** Parses `8443:8080` or `0.0.0.0:8443:8080`. @throws CliError `USAGE_INVALID` */
export function parseListen(text: string): Listen {
  const colon = text.lastIndexOf(":");
  const appPort = parsePortNumber(text.slice(colon + 1));
  const address = colon < 0 ? undefined : parseOwnAddress(text.slice(0, colon));
  if (address === undefined || appPort === undefined) {
    throw usageError(
      `--listen: expected PORT:PROGRAM-PORT such as 8443:8080, or HOST:PORT:PROGRAM-PORT, got ${quoted(text)}`,
    );
  }
  if (address.port === appPort) {
    throw usageError(`--listen ${text}: the two ports must differ, because the program has the second one`);
  }
  return { address, appPort };
}

/** `8443`, on loopback, or `0.0.0.0:8443`; undefined for any other text. */
export function parseOwnAddress(text: string): HostPort | undefined {
  const port = parsePortNumber(text);
  if (port !== undefined) return { host: "127.0.0.1", port };
  try {
    const { host, port: named } = parseHostPort(text);
    // Envoy listens on addresses only.
    return named === 0 ? undefined : { host: host === "localhost" ? "127.0.0.1" : host, port: named };
  } catch {
    return undefined;
  }
}
