import type { RpcStatus } from "@kasbah/runtime/rpc";

/** A call whose refusal was logged and counted where it happened; the server only has to send its status. */
export class RefusedCall extends Error {
  readonly status: RpcStatus;

  constructor(status: RpcStatus, options: { cause: unknown }) {
    super(status.message, options);
    this.name = "RefusedCall";
    this.status = status;
  }
}
