import { ConfigInvalidError, type HostPort } from "@kasbah/runtime";
import { bypassesProxy, HttpTunnel, type ProxyAddress, parseProxyAddress } from "@kasbah/runtime/proxy";
import type { CaProxySetting } from "../config/proxy.ts";

export interface TunnelsOptions {
  readonly setting: CaProxySetting;
  /** CAs that are reached directly. */
  readonly except: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The tunnel to each CA; undefined for a CA that is reached directly.
 *
 * @throws ConfigInvalidError if the setting names no usable proxy; it quotes nothing of it, because of the password
 */
export function createTunnels(options: TunnelsOptions): (ca: HostPort) => HttpTunnel | undefined {
  const { setting, environment } = options;
  // The lower-case names win, as in curl, Go and Node.
  const listed =
    setting.kind === "environment" ? environment["no_proxy"] || environment["NO_PROXY"] : undefined;
  const except = [...options.except, listed ?? ""].flatMap((text) => text.split(","));
  const proxy = findProxy(options);
  return (ca) => (proxy === undefined || bypassesProxy(except, ca) ? undefined : new HttpTunnel(proxy));
}

function findProxy({ setting, environment }: TunnelsOptions): ProxyAddress | undefined {
  if (setting.kind === "none") return undefined;
  const isUrl = setting.kind === "url";
  const text = isUrl ? setting.url.reveal() : environment["https_proxy"] || environment["HTTPS_PROXY"];
  if (!text) return undefined;
  try {
    return parseProxyAddress(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ConfigInvalidError([`${isUrl ? "--ca-proxy" : "HTTPS_PROXY"}: ${error.message}`]);
  }
}
