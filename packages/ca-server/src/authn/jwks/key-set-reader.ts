import type { AddressRules } from "../../outbound/address-rules.ts";
import { findProxy, type ProxyEnvironment } from "../../outbound/proxy/proxy.ts";
import type { ProxySetting } from "../../outbound/proxy/proxy-setting.ts";
import { fetchDiscoveredJwks } from "./discovery.ts";
import { readJwksFile } from "./file-source.ts";
import { fetchJwks } from "./https-source.ts";
import type { ConfiguredIssuer } from "./issuers/file.ts";
import type { KeySetReader } from "./source.ts";

export interface ReadingOptions {
  readonly addressRules: AddressRules;
  readonly proxyEnvironment: ProxyEnvironment;
  /** For issuers without a setting of their own. */
  readonly proxySetting: ProxySetting;
}

/** How often the CA refreshes a key set. A file is cheap to read; an API server is not. */
const intervalMs = { file: 2_000, https: 300_000 } as const;

/** Over a round trip of 2 s, the connection and the reply take 6 s. */
const timeoutMs = 10_000;

/** How the key set of an issuer is read. */
export function keySetReader(configured: ConfiguredIssuer, options: ReadingOptions): KeySetReader {
  const { issuer, keys, caFile, tokenFile, proxy: ownSetting } = configured;
  if (keys.kind === "file") {
    const read = () => readJwksFile(keys.path);
    return { location: keys.path, read, refreshIntervalMs: intervalMs.file };
  }
  const { addressRules, proxyEnvironment, proxySetting } = options;
  const { url } = keys;
  const read = async (signal: AbortSignal) => {
    const proxy = findProxy(ownSetting ?? proxySetting, proxyEnvironment);
    const endpoint = { url, caFile, tokenFile, addressRules, proxy, timeoutMs };
    return keys.kind === "https"
      ? await fetchJwks(endpoint, signal)
      : await fetchDiscoveredJwks({ issuer, endpoint }, signal);
  };
  return { location: url.href, read, refreshIntervalMs: intervalMs.https };
}
