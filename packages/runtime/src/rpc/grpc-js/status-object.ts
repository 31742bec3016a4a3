import { Metadata } from "@grpc/grpc-js";
import type { RpcStatus } from "../status.ts";

/** A status in the format of grpc-js. */
export function statusObject({ code, message, retryAfterMs, details }: RpcStatus) {
  const metadata = new Metadata();
  if (retryAfterMs !== undefined) metadata.set("grpc-retry-pushback-ms", String(Math.ceil(retryAfterMs)));
  if (details !== undefined) {
    metadata.set(
      "grpc-status-details-bin",
      Buffer.from(details.buffer, details.byteOffset, details.byteLength),
    );
  }
  return { code, details: message, metadata };
}
