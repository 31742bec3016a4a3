import type { ServerLimits } from "./limits.ts";
import type { Route } from "./route.ts";
import type { RpcStatus } from "./status.ts";

/** What every server of routes needs, whatever the transport. */
export interface RpcServerOptions {
  readonly routes: readonly Route[];
  /** The answer to a call whose handler threw; the only place where an error becomes public text. */
  toStatus(error: unknown, path: string): RpcStatus;
  readonly limits?: Partial<ServerLimits>;
  /** Told when the system has no more descriptors for connections, and the like; the server goes on. */
  onAcceptError?(error: Error): void;
}
