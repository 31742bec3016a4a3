/** RFC 9113, section 6. */
export const frameType = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** The same bit means END_STREAM for DATA and HEADERS, and ACK for SETTINGS and PING. */
export const flag = { none: 0, endStream: 1, ack: 1, endHeaders: 4 } as const;

/** RFC 9113, section 7; the index is the code on the wire. */
export const errorNames = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
] as const;

const cancel = errorNames.indexOf("CANCEL");
const nothing = Buffer.alloc(0);

/** The connection preface of a client. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** Encodes any frame without checks, so that a test can send what no library would. */
export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = nothing): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function settings(entries: readonly (readonly [id: number, value: number])[] = []): Buffer {
  const payload = Buffer.alloc(entries.length * 6);
  for (const [place, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, place * 6);
    payload.writeUInt32BE(value, place * 6 + 2);
  }
  return frame(frameType.settings, flag.none, 0, payload);
}

export function settingsAck(): Buffer {
  return frame(frameType.settings, flag.ack, 0);
}

export function headers(streamId: number, block: Uint8Array, flags: number = flag.endHeaders): Buffer {
  return frame(frameType.headers, flags, streamId, block);
}

export function continuation(streamId: number, block: Uint8Array, flags: number = flag.none): Buffer {
  return frame(frameType.continuation, flags, streamId, block);
}

export function data(streamId: number, payload: Uint8Array, flags: number = flag.none): Buffer {
  return frame(frameType.data, flags, streamId, payload);
}

export function rstStream(streamId: number): Buffer {
  return frame(frameType.rstStream, flag.none, streamId, uint32(cancel));
}

export function ping(): Buffer {
  return frame(frameType.ping, flag.none, 0, Buffer.from("hostile!"));
}

export function windowUpdate(streamId: number, increment: number): Buffer {
  return frame(frameType.windowUpdate, flag.none, streamId, uint32(increment));
}

/** `count` pieces in one buffer, so that a flood is one write. */
export function flood(count: number, piece: (index: number) => Buffer): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, index) => piece(index)));
}

/** The client's stream ID with this index: 1, 3, 5 … */
export function streamIdAt(index: number): number {
  return 2 * index + 1;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
