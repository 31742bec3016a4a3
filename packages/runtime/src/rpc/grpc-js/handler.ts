import type { EventEmitter } from "node:events";
import type {
  Metadata,
  ServerDuplexStream,
  ServerUnaryCall,
  sendUnaryData,
  UntypedHandleCall,
} from "@grpc/grpc-js";
import type { CallContext, Route, ServeBody } from "../route.ts";
import type { RpcStatus } from "../status.ts";
import { statusObject } from "./status-object.ts";

/** The parts of the server that a handler uses. */
export interface HandlerDeps {
  toStatus(error: unknown, path: string): RpcStatus;
  peerCertificates(peer: string): readonly Uint8Array[];
  /** Serves the body of a call whose caller was authenticated from its headers. */
  admitted(metadata: Metadata): ServeBody | undefined;
  /** Aborted when a stream ends. */
  signalOf(metadata: Metadata): AbortSignal | undefined;
}

/** The common part of grpc-js's unary and streaming calls. */
interface ServerCall extends EventEmitter {
  readonly metadata: Metadata;
  getPeer(): string;
}

/** The grpc-js handler that serves a route. */
export function implementationOf(route: Route, deps: HandlerDeps): UntypedHandleCall {
  if (route.kind === "unary") {
    return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
      const serve = deps.admitted(call.metadata) ?? ((body) => route.serve(body, contextOf(call, deps)));
      serve(call.request).then(
        (body) => callback(null, asBuffer(body)),
        (error: unknown) => callback(statusObject(deps.toStatus(error, route.path))),
      );
    };
  }
  return (call: ServerDuplexStream<Buffer, Buffer>) => {
    const context = contextOf(call, deps);
    const isOver = () => call.cancelled || call.writableEnded || context.signal.aborted;
    const send = (body: Uint8Array) => isOver() || call.write(asBuffer(body));
    route.serve(bodiesOf(call), send, context).then(
      () => isOver() || call.end(),
      (error: unknown) => {
        if (isOver()) return;
        call.emit("error", statusObject(deps.toStatus(error, route.path)));
      },
    );
  };
}

function contextOf(call: ServerCall, deps: HandlerDeps): CallContext {
  const known = deps.signalOf(call.metadata);
  if (known !== undefined) return createContext(call.metadata, call.getPeer(), known, deps);
  const cancelled = new AbortController();
  call.on("cancelled", () => cancelled.abort());
  return createContext(call.metadata, call.getPeer(), cancelled.signal, deps);
}

/** A handler's view of the call with this metadata, from the peer `address:port`. */
export function createContext(
  metadata: Metadata,
  peer: string,
  signal: AbortSignal,
  deps: Pick<HandlerDeps, "peerCertificates">,
): CallContext {
  return {
    metadata: (name) => metadata.get(name).filter((value) => typeof value === "string"),
    peerAddress: peer,
    peerCertificates: () => deps.peerCertificates(peer),
    signal,
  };
}

/** If the client cancels the call, its requests end without an error. */
async function* bodiesOf(call: ServerDuplexStream<Buffer, Buffer>): AsyncIterable<Buffer> {
  try {
    // A handler that stops reading may still send an answer, so the stream must outlive its iterator.
    for await (const body of call.iterator({ destroyOnReturn: false })) yield body;
  } catch (error) {
    if (!call.cancelled) throw error;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
