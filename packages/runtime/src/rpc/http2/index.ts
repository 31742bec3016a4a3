export { Http2Channel, type Http2ChannelOptions } from "./channel.ts";
export type { Http2Target, TlsTarget } from "./dial.ts";
export { type ProbeAnswer, type ProbeOptions, probeServer, probeUnverified } from "./probe/probe-server.ts";
export { Http2Server } from "./server.ts";
export type { ServerRejection } from "./server-rejection.ts";
