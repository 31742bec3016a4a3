import { hasCredentials } from "../../config/callers.ts";
import { JwksError } from "../../errors.ts";
import { exchange, type HttpsEndpoint } from "../../outbound/https-exchange.ts";
import { parseStrictJson } from "../claims/strict-json.ts";
import { fetchJwks } from "./https-source.ts";

/** The issuer and the server that publishes its configuration. */
export interface DiscoverableIssuer {
  readonly issuer: string;
  /** The `url` is the one of {@link discoveryUrl}. */
  readonly endpoint: HttpsEndpoint;
}

const suffix = "/.well-known/openid-configuration";
const maxDocumentBytes = 64 * 1024;

/**
 * The location of an issuer's configuration (OpenID Connect Discovery 1.0 section 4.1). Only a canonical https URL
 * has one, so that two spellings of an issuer never share a document.
 *
 * @throws Error whose message says what is wrong
 */
export function discoveryUrl(issuer: string): URL {
  const url = URL.parse(issuer);
  const isCanonical = url !== null && [issuer, `${issuer}/`].includes(url.href);
  if (url?.protocol !== "https:" || !isCanonical || hasCredentials(url) || /[?#]/.test(issuer)) {
    throw new Error(
      "is required, because the issuer is not a plain https URL at which its keys could be found",
    );
  }
  return new URL(issuer.replace(/\/$/, "") + suffix);
}

/**
 * Fetches the key set that an issuer's configuration names. Both servers are subject to the same rules for
 * addresses. The bearer token is sent only to the issuer's own origin.
 *
 * @throws JwksError, HttpsError, or the error of the connection
 */
export async function fetchDiscoveredJwks(
  { issuer, endpoint }: DiscoverableIssuer,
  stopping: AbortSignal,
): Promise<string> {
  const document = { ...endpoint, maxBytes: maxDocumentBytes };
  const { status, body } = await exchange(document, { method: "GET" }, stopping);
  if (status !== 200)
    throw new JwksError(`the issuer's configuration endpoint returned the status ${status}`);
  const url = readJwksUri(body, issuer);
  const isOwn = url.origin === endpoint.url.origin;
  const tokenFile = isOwn ? endpoint.tokenFile : undefined;
  return await fetchJwks({ ...endpoint, url, tokenFile }, stopping);
}

/**
 * The document must be about this issuer (section 4.3): otherwise a server that holds the documents of several
 * issuers could pass one off as another.
 */
function readJwksUri(body: string, issuer: string): URL {
  const { issuer: named, jwks_uri: location } = parseDocument(body);
  if (named !== issuer) throw new JwksError("the issuer's configuration names another issuer");
  const url = typeof location === "string" ? URL.parse(location) : null;
  if (url?.protocol !== "https:" || hasCredentials(url)) {
    throw new JwksError("the jwks_uri of the issuer's configuration is not an https URL without credentials");
  }
  return url;
}

function parseDocument(body: string): Readonly<Record<string, unknown>> {
  try {
    return parseStrictJson(Buffer.from(body));
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new JwksError(`the issuer's configuration is malformed: ${cause.message}`, { cause });
  }
}
