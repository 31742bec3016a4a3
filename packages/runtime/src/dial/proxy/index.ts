export { HttpTunnel } from "./http-tunnel.ts";
export { bypassesProxy } from "./no-proxy.ts";
export { type ProxyAddress, parseProxyAddress } from "./proxy-address.ts";
