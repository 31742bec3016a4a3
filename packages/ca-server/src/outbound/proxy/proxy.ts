import { HttpsError } from "../../errors.ts";
import { nodeNoProxy } from "./no-proxy.ts";
import { isProxyUrl, type ProxySetting } from "./proxy-setting.ts";

/** The environment of the process. Its proxy variables count only if a setting says so. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>;

/** A proxy through which TLS connections are tunnelled (RFC 9110 section 9.3.6). */
export interface HttpsProxy {
  /** May contain credentials, so it must never be logged. */
  readonly url: URL;
  /** The hosts that are reached directly, as Node's `NO_PROXY`. */
  readonly except: string;
}

/** The proxy for logs. */
export function proxyName({ url }: HttpsProxy): string {
  return `${url.protocol}//${url.host}`;
}

/** @throws HttpsError if the environment names no usable proxy; it quotes nothing, because of the password */
export function findProxy(setting: ProxySetting, env: ProxyEnvironment): HttpsProxy | undefined {
  if (setting.kind === "none") return undefined;
  if (setting.kind === "url") return { url: setting.url, except: "" };
  // The lower-case names win, as in curl, Go and Node.
  const text = env["https_proxy"] || env["HTTPS_PROXY"];
  if (!text) return undefined;
  const url = URL.parse(text);
  if (!isProxyUrl(url) || !hasUsableCredentials(url)) {
    throw new HttpsError("the environment variable HTTPS_PROXY is not the http or https URL of a proxy");
  }
  return { url, except: nodeNoProxy(env["no_proxy"] || env["NO_PROXY"] || "") };
}

/** Node decodes them, and throws an error with the whole URL if it cannot. */
function hasUsableCredentials({ username, password }: URL): boolean {
  try {
    return !/[\r\n]/.test(decodeURIComponent(username) + decodeURIComponent(password));
  } catch {
    return false;
  }
}
