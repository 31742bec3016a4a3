import type { RpcStatus } from "../status.ts";

/** The peer broke the protocol, or a limit: what the call ends with. */
export class WireFault extends Error {
  readonly status: RpcStatus;

  constructor(code: number, message: string) {
    super(message);
    this.name = "WireFault";
    this.status = { code, message };
  }
}
