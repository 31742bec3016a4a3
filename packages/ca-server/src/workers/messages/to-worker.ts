import type { ServingIdentity } from "@kasbah/runtime/grpc";
import type { RpcStatus, ServerLimits } from "@kasbah/runtime/rpc";
import type { ByteReader } from "../frames/byte-reader.ts";
import { FrameError } from "../frames/frame-error.ts";
import type { FrameSender } from "../frames/sender.ts";
import { readRpcStatus, writeRpcStatus } from "./rpc-status.ts";

/** What the main process tells a worker. */
export interface ToWorker {
  /** The first message. */
  limits(limits: ServerLimits): void;
  /** The worker serves once it has the first identity. */
  identity(identity: ServingIdentity): void;
  /** The answer to health checks. */
  ready(isReady: boolean): void;
  /** Whether the CA has caught up with its callers; until then, new connections wait without TLS. */
  pace(mayServeMore: boolean): void;
  /** The caller of a call is authenticated. */
  admitted(call: number): void;
  answered(call: number, body: Uint8Array): void;
  refused(call: number, status: RpcStatus): void;
  /** The worker answers, to show that it does not hang. */
  ping(): void;
  /** The worker finishes its calls within this time, and exits. */
  stop(graceMs: number): void;
}

const kinds = {
  ...{ limits: 1, identity: 2, ready: 3, pace: 4, admitted: 5, answered: 6, refused: 7, stop: 8, ping: 9 },
} as const;

export function toWorker(sender: FrameSender): ToWorker {
  return {
    // Once for each worker, and without certificates: the only message in JSON.
    limits: (limits) => sender.send(kinds.limits, (out) => out.text(JSON.stringify(limits))),
    identity: ({ certificateChainPem, privateKeyPem, clientRootsPem }) =>
      sender.send(kinds.identity, (out) => {
        out.text(certificateChainPem);
        out.text(privateKeyPem);
        out.optional(clientRootsPem, (pem) => out.text(pem));
      }),
    ready: (isReady) => sender.send(kinds.ready, (out) => out.boolean(isReady)),
    pace: (mayServeMore) => sender.send(kinds.pace, (out) => out.boolean(mayServeMore)),
    admitted: (call) => sender.send(kinds.admitted, (out) => out.uint32(call)),
    answered: (call, body) =>
      sender.send(kinds.answered, (out) => {
        out.uint32(call);
        out.bytes(body);
      }),
    refused: (call, status) =>
      sender.send(kinds.refused, (out) => {
        out.uint32(call);
        writeRpcStatus(status, out);
      }),
    ping: () => sender.send(kinds.ping, () => {}),
    stop: (graceMs) => sender.send(kinds.stop, (out) => out.double(graceMs)),
  };
}

/** Calls the method of the message. @throws FrameError */
export function readToWorker(kind: number, from: ByteReader, receiver: ToWorker): void {
  const deliver = deliveryOf(kind, from, receiver);
  from.end();
  deliver();
}

function deliveryOf(kind: number, from: ByteReader, receiver: ToWorker): () => void {
  if (kind === kinds.answered) {
    const [call, body] = [from.uint32(), from.bytes()];
    return () => receiver.answered(call, body);
  }
  if (kind === kinds.admitted) {
    const call = from.uint32();
    return () => receiver.admitted(call);
  }
  if (kind === kinds.refused) {
    const [call, status] = [from.uint32(), readRpcStatus(from)];
    return () => receiver.refused(call, status);
  }
  return rareDeliveryOf(kind, from, receiver);
}

function rareDeliveryOf(kind: number, from: ByteReader, receiver: ToWorker): () => void {
  if (kind === kinds.ready) {
    const isReady = from.boolean();
    return () => receiver.ready(isReady);
  }
  if (kind === kinds.pace) {
    const mayServeMore = from.boolean();
    return () => receiver.pace(mayServeMore);
  }
  if (kind === kinds.identity) {
    const [certificateChainPem, privateKeyPem] = [from.text(), from.text()];
    const clientRootsPem = from.optional(() => from.text());
    const roots = clientRootsPem === undefined ? {} : { clientRootsPem };
    return () => receiver.identity({ certificateChainPem, privateKeyPem, ...roots });
  }
  if (kind === kinds.limits) {
    const limits: ServerLimits = JSON.parse(from.text());
    return () => receiver.limits(limits);
  }
  if (kind === kinds.ping) return () => receiver.ping();
  if (kind !== kinds.stop) throw new FrameError(`a message of the unknown kind ${kind}`);
  const graceMs = from.double();
  return () => receiver.stop(graceMs);
}
