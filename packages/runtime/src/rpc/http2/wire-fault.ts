import type { RpcStatus } from "../status.ts";

/** The peer violated the protocol or a limit; `status` ends the call. */
export class WireFault extends Error {
  readonly status: RpcStatus;

  constructor(code: number, message: string) {
    super(message);
    this.name = "WireFault";
    this.status = { code, message };
  }
}
