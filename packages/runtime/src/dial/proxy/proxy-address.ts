import { formatHostPort, type HostPort } from "../../address.ts";
import { Secret } from "../../log/secret.ts";

/** An HTTP proxy through which connections are tunnelled (RFC 9110 §9.3.6). */
export interface ProxyAddress {
  readonly address: HostPort;
  /** The value of `Proxy-Authorization`. */
  readonly authorization: Secret | undefined;
}

const defaultPort = 80;

/**
 * Parses `http://[user:password@]host[:port]`. A proxy that is reached over TLS is refused: its credentials must not be
 * sent in plain text instead.
 *
 * @throws RangeError that quotes nothing, because of the password
 */
export function parseProxyAddress(text: string): ProxyAddress {
  const url = URL.parse(text);
  if (url?.protocol === "https:")
    throw new RangeError("expected http://, because TLS to the proxy is not supported");
  if (
    url?.protocol !== "http:" ||
    url.hostname === "" ||
    url.pathname !== "/" ||
    url.search + url.hash !== ""
  ) {
    throw new RangeError("expected the URL of a proxy such as http://proxy.example:3128");
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? defaultPort : Number(url.port);
  return { address: { host, port }, authorization: authorizationOf(url) };
}

/** The proxy for logs and messages, without credentials. */
export function describeProxy({ address }: ProxyAddress): string {
  return `http://${formatHostPort(address)}`;
}

function authorizationOf({ username, password }: URL): Secret | undefined {
  if (username === "" && password === "") return undefined;
  const [user, secret] = [username, password].map(decoded);
  return new Secret(`Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError("expected percent-encoded credentials in the URL of the proxy");
  }
}
