/** How the CA reaches the key sets of token issuers. */
export type ProxySetting =
  | { readonly kind: "none" }
  /** As the environment variables `HTTPS_PROXY` and `NO_PROXY` say. */
  | { readonly kind: "environment" }
  | { readonly kind: "url"; readonly url: URL };

/**
 * Parses `none`, `env` or the URL of a proxy. Only the environment may contain a password, because process lists
 * show flags, and files of issuers are shared.
 */
export function parseProxySetting(text: string): ProxySetting {
  if (text === "none") return { kind: "none" };
  if (text === "env") return { kind: "environment" };
  const url = URL.parse(text);
  if (!isProxyUrl(url)) throw new Error("expected none, env, or a URL such as http://proxy.example:3128");
  if (url.username === "" && url.password === "") return { kind: "url", url };
  throw new Error("contains credentials; set them in the environment variable HTTPS_PROXY, and use env");
}

/** Whether the URL names a proxy and nothing on it. */
export function isProxyUrl(url: URL | null): url is URL {
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return false;
  return url.hostname !== "" && url.pathname === "/" && url.search === "" && url.hash === "";
}
