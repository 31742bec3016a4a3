export type * from "./client.ts";
export { defaultLimits, type ServerLimits } from "./limits.ts";
export * from "./route.ts";
export type { RpcServerOptions } from "./server-options.ts";
export * from "./status.ts";
export type { TransportFault } from "./transport-fault.ts";
export { reportTransportFaults } from "./transport-faults.ts";
export { socketProblems } from "./unix-socket/problems.ts";
export { type UnixServer, UnixSocket, type UnixSocketDeps } from "./unix-socket/unix-socket.ts";
