import type { RpcStatus } from "@kasbah/runtime/rpc";
import type { ByteReader } from "../frames/byte-reader.ts";
import type { ByteWriter } from "../frames/byte-writer.ts";

export function writeRpcStatus({ code, message, retryAfterMs, details }: RpcStatus, out: ByteWriter): void {
  out.byte(code);
  out.text(message);
  out.optional(retryAfterMs, (ms) => out.double(ms));
  out.optional(details, (bytes) => out.bytes(bytes));
}

export function readRpcStatus(from: ByteReader): RpcStatus {
  const [code, message] = [from.byte(), from.text()];
  const retryAfterMs = from.optional(() => from.double());
  const details = from.optional(() => from.bytes());
  return {
    ...{ code, message },
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(details === undefined ? {} : { details }),
  };
}
