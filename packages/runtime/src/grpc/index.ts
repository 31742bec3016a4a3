export * from "./channel.ts";
export { defaultLimits, type ServerLimits } from "./limits.ts";
export * from "./route.ts";
export * from "./server.ts";
export type { ServingIdentity } from "./serving-credentials.ts";
export * from "./status.ts";
export { UnixSocket, type UnixSocketOptions } from "./unix-socket.ts";
