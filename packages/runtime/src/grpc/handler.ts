import type { EventEmitter } from "node:events";
import {
  Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  type UntypedHandleCall,
} from "@grpc/grpc-js";
import type { CallContext, Route } from "./route.ts";
import type { RpcStatus } from "./status.ts";

type ToStatus = (error: unknown, path: string) => RpcStatus;

/** What unary and streaming calls of grpc-js have in common. */
interface ServerCall extends EventEmitter {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** The grpc-js handler that serves a route. */
export function implementationOf(route: Route, toStatus: ToStatus): UntypedHandleCall {
  if (route.kind === "unary") {
    return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
      route.serve(call.request, contextOf(call)).then(
        (body) => callback(null, asBuffer(body)),
        (error: unknown) => callback(statusObject(toStatus(error, route.path))),
      );
    };
  }
  return (call: ServerDuplexStream<Buffer, Buffer>) => {
    const send = (body: Uint8Array) => {
      if (!call.cancelled && !call.writableEnded) call.write(asBuffer(body));
    };
    route.serve(bodiesOf(call), send, contextOf(call)).then(
      () => call.end(),
      (error: unknown) => {
        call.emit("error", statusObject(toStatus(error, route.path)));
      },
    );
  };
}

function contextOf(call: ServerCall): CallContext {
  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort());
  return {
    metadata: (name) => call.metadata.get(name).filter((value) => typeof value === "string"),
    peerAddress: call.getPeer(),
    signal: cancelled.signal,
  };
}

/** A call that the client cancels ends its requests; it is not an error of ours. */
async function* bodiesOf(call: ServerDuplexStream<Buffer, Buffer>): AsyncIterable<Buffer> {
  try {
    // A handler that stops reading may still have an answer to send, so the stream outlives its iterator.
    for await (const body of call.iterator({ destroyOnReturn: false })) yield body;
  } catch (error) {
    if (!call.cancelled) throw error;
  }
}

function statusObject({ code, message, retryAfterMs, details }: RpcStatus) {
  const metadata = new Metadata();
  if (retryAfterMs !== undefined) metadata.set("grpc-retry-pushback-ms", String(Math.ceil(retryAfterMs)));
  if (details !== undefined) metadata.set("grpc-status-details-bin", asBuffer(details));
  return { code, details: message, metadata };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
