import type { EventEmitter } from "node:events";
import type {
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { CallContext, Route } from "../route.ts";
import type { RpcStatus } from "../status.ts";
import { statusObject } from "./status-object.ts";

/** What a handler needs of the server that it serves for. */
export interface HandlerDeps {
  toStatus(error: unknown, path: string): RpcStatus;
  peerCertificates(peer: string): readonly Uint8Array[];
}

/** What unary and streaming calls of grpc-js have in common. */
interface ServerCall extends EventEmitter {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** The grpc-js handler that serves a route. */
export function implementationOf(route: Route, deps: HandlerDeps): UntypedHandleCall {
  if (route.kind === "unary") {
    return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
      route.serve(call.request, contextOf(call, deps)).then(
        (body) => callback(null, asBuffer(body)),
        (error: unknown) => callback(statusObject(deps.toStatus(error, route.path))),
      );
    };
  }
  return (call: ServerDuplexStream<Buffer, Buffer>) => {
    const send = (body: Uint8Array) => call.cancelled || call.writableEnded || call.write(asBuffer(body));
    route.serve(bodiesOf(call), send, contextOf(call, deps)).then(
      () => call.end(),
      (error: unknown) => {
        call.emit("error", statusObject(deps.toStatus(error, route.path)));
      },
    );
  };
}

function contextOf(call: ServerCall, deps: HandlerDeps): CallContext {
  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort());
  return {
    metadata: (name) => call.metadata.get(name).filter((value) => typeof value === "string"),
    peerAddress: call.getPeer(),
    peerCertificates: () => deps.peerCertificates(call.getPeer()),
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

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
