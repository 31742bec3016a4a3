import { Secret } from "@kasbah/runtime";

/** How the agent reaches the CA. */
export type CaProxySetting =
  | { readonly kind: "none" }
  /** As the environment variables `HTTPS_PROXY` and `NO_PROXY` say. */
  | { readonly kind: "environment" }
  /** The URL may contain a password. */
  | { readonly kind: "url"; readonly url: Secret };

/** Parses `none`, `environment` or a URL. Throws a `RangeError` that quotes nothing of it. */
export function parseCaProxy(text: string): CaProxySetting {
  if (text === "none" || text === "environment") return { kind: text };
  if (/^https:/i.test(text))
    throw new RangeError("expected http://, because TLS to the proxy is not supported");
  if (!/^http:\/\/[^/?#]+\/?$/i.test(text) || !URL.canParse(text)) {
    throw new RangeError("expected none, environment, or a URL such as http://proxy.example:3128");
  }
  if (!isPercentEncoded(text)) {
    throw new RangeError("expected percent-encoded credentials in the URL of the proxy");
  }
  return { kind: "url", url: new Secret(text) };
}

/** A percent sign in a password is written as `%25`. */
function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
