import type { RpcStatus } from "@kasbah/runtime/rpc";

/** A refusal that is already logged and counted. The server only sends its status. */
export class RefusedCall extends Error {
  readonly status: RpcStatus;

  constructor(status: RpcStatus, options: { cause: unknown }) {
    super(status.message, options);
    this.name = "RefusedCall";
    this.status = status;
  }
}
