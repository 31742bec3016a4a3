import { Metadata } from "@grpc/grpc-js";
import type { RpcStatus } from "../status.ts";

/** A status as grpc-js sends it. */
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
