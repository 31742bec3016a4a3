import type { ServerLimits } from "./limits.ts";
import type { Route } from "./route.ts";
import type { RpcStatus } from "./status.ts";
import type { TransportFault } from "./transport-fault.ts";

/** Options of every server of routes, independent of the transport. */
export interface RpcServerOptions {
  readonly routes: readonly Route[];
  /** Maps the error of a handler to a status; the only place where an error becomes public text. */
  toStatus(error: unknown, path: string): RpcStatus;
  readonly limits?: Partial<ServerLimits>;
  /**
   * Called if connections cannot be accepted, for example when no file descriptors are left; the server keeps
   * running.
   */
  onAcceptError?(error: Error): void;
  /** Called for each stream and connection that HTTP/2 ends before the server sees a call; on Unix sockets only. */
  onTransportFault?(fault: TransportFault): void;
}
