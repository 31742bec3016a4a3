import type { FailedHandshake } from "@kasbah/runtime";
import type { ByteReader } from "../frames/byte-reader.ts";
import type { ByteWriter } from "../frames/byte-writer.ts";
import { FrameError } from "../frames/frame-error.ts";
import type { FrameSender } from "../frames/sender.ts";
import { type ReceivedBody, readBody, writeBody } from "./certificate-order.ts";
import { forwardedHeaders } from "./forwarded-headers.ts";

/** The credentials of a call, before its body has arrived. */
export interface ReceivedCall {
  readonly peerAddress: string;
  /** The values of each of the forwarded headers, in their order. */
  readonly headers: readonly (readonly string[])[];
  /** The certificates of the TLS client in DER, leaf first. The worker has verified that it owns the leaf's key. */
  readonly peerCertificates: readonly Uint8Array[];
}

/** The current load of a worker. */
export interface WorkerLoad {
  readonly connections: number;
  readonly waiting: number;
  readonly watches: number;
}

/** What a worker tells the main process. */
export interface ToMain {
  /** The worker serves the connections that it is given. */
  serving(): void;
  authenticate(call: number, received: ReceivedCall): void;
  /** The body of an admitted call. */
  body(call: number, body: ReceivedBody): void;
  /** The client has left, or the call has exceeded a limit. */
  cancelled(call: number): void;
  /** The worker has received a connection. */
  taken(connection: number): void;
  closed(connection: number): void;
  load(load: WorkerLoad): void;
  /** The answer to a ping. */
  alive(): void;
  evicted(kind: "connection" | "call"): void;
  handshakeFailed(reason: FailedHandshake, group: string): void;
  /** An error of the worker itself, with its reference id if a call had it. */
  failed(event: string, facts: { readonly referenceId: string; readonly error: string }): void;
}

const kinds = {
  ...{ serving: 1, authenticate: 2, body: 3, cancelled: 4, taken: 5, closed: 6, load: 7 },
  ...{ evicted: 8, handshakeFailed: 9, failed: 10, alive: 11 },
} as const;
const evictions = ["connection", "call"] as const;
const reasons = Object.keys({
  ...{ unknown_root: true, expired: true, no_certificate: true, client_certificate: true, protocol: true },
  ...{ timeout: true, reset: true, closed: true, no_call: true, other: true },
} satisfies Record<FailedHandshake, true>) as readonly FailedHandshake[];
const maxFailureLength = 4_000;
/** An IPv6 address with its zone and port is shorter. */
const maxAddressLength = 128;
/** TLS limits a chain to 100 KiB, and the CA uses the first few. */
const maxPeerCertificates = 100;

export function toMain(sender: FrameSender): ToMain {
  const numbered = (kind: number) => (number: number) => sender.send(kind, (out) => out.uint32(number));
  return {
    serving: () => sender.send(kinds.serving, () => {}),
    authenticate: (call, received) =>
      sender.send(kinds.authenticate, (out) => writeCall(call, received, out)),
    body: (call, body) =>
      sender.send(kinds.body, (out) => {
        out.uint32(call);
        writeBody(body, out);
      }),
    cancelled: numbered(kinds.cancelled),
    taken: numbered(kinds.taken),
    closed: numbered(kinds.closed),
    load: ({ connections, waiting, watches }) =>
      sender.send(kinds.load, (out) => {
        for (const count of [connections, waiting, watches]) out.uint32(count);
      }),
    alive: () => sender.send(kinds.alive, () => {}),
    evicted: (kind) => sender.send(kinds.evicted, (out) => out.byte(evictions.indexOf(kind))),
    handshakeFailed: (reason, group) =>
      sender.send(kinds.handshakeFailed, (out) => {
        out.byte(reasons.indexOf(reason));
        out.text(group);
      }),
    failed: (event, { referenceId, error }) =>
      sender.send(kinds.failed, (out) => {
        for (const text of [event, referenceId, error]) out.text(text.slice(0, maxFailureLength));
      }),
  };
}

/** Calls the method of the message. @throws FrameError */
export function readToMain(kind: number, from: ByteReader, receiver: ToMain): void {
  const deliver = deliveryOf(kind, from, receiver);
  from.end();
  deliver();
}

function writeCall(call: number, received: ReceivedCall, out: ByteWriter): void {
  out.uint32(call);
  out.text(received.peerAddress);
  for (const values of received.headers) out.list(values, (value) => out.text(value));
  out.list(received.peerCertificates, (der) => out.bytes(der));
}

function readCall(from: ByteReader): ReceivedCall {
  const peerAddress = addressIn(from);
  const headers = forwardedHeaders.map(() => from.list(() => from.text()));
  const peerCertificates = from.list(() => from.bytes());
  if (peerCertificates.length > maxPeerCertificates)
    throw new FrameError("a client with too many certificates");
  return { peerAddress, headers, peerCertificates };
}

function deliveryOf(kind: number, from: ByteReader, receiver: ToMain): () => void {
  if (kind === kinds.authenticate) {
    const [call, received] = [from.uint32(), readCall(from)];
    return () => receiver.authenticate(call, received);
  }
  if (kind === kinds.body) {
    const [call, body] = [from.uint32(), readBody(from)];
    return () => receiver.body(call, body);
  }
  if (kind === kinds.cancelled || kind === kinds.taken || kind === kinds.closed) {
    const number = from.uint32();
    if (kind === kinds.cancelled) return () => receiver.cancelled(number);
    return kind === kinds.taken ? () => receiver.taken(number) : () => receiver.closed(number);
  }
  return rareDeliveryOf(kind, from, receiver);
}

function rareDeliveryOf(kind: number, from: ByteReader, receiver: ToMain): () => void {
  if (kind === kinds.load) {
    const load = { connections: from.uint32(), waiting: from.uint32(), watches: from.uint32() };
    return () => receiver.load(load);
  }
  if (kind === kinds.evicted) {
    const evicted = from.word(evictions);
    return () => receiver.evicted(evicted);
  }
  if (kind === kinds.handshakeFailed) {
    const reason = from.word(reasons);
    const group = addressIn(from);
    return () => receiver.handshakeFailed(reason, group);
  }
  if (kind === kinds.failed) {
    const event = from.text();
    const facts = { referenceId: from.text(), error: from.text() };
    return () => receiver.failed(event, facts);
  }
  if (kind === kinds.alive) return () => receiver.alive();
  if (kind !== kinds.serving) throw new FrameError(`a message of the unknown kind ${kind}`);
  return () => receiver.serving();
}

function addressIn(from: ByteReader): string {
  const address = from.text();
  if (address.length > maxAddressLength) throw new FrameError("an address is too long");
  return address;
}
