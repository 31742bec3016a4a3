/** RFC 9113 §3.4. */
export const clientPreface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const flags = { none: 0, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Encodes any frame without checks. */
export function rawFrame(
  type: number,
  flag: number,
  streamId: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export const dataFrame = (streamId: number, payload: Uint8Array, flag: number = flags.endStream) =>
  rawFrame(0, flag, streamId, payload);
export const headersFrame = (streamId: number, payload: Uint8Array, flag: number = flags.endHeaders) =>
  rawFrame(1, flag, streamId, payload);
export const settingsFrame = () => rawFrame(4, flags.none, 0);
export const continuationFrame = (streamId: number, payload: Uint8Array, flag: number = flags.none) =>
  rawFrame(9, flag, streamId, payload);

/** The client ends the connection without an error, and names the last stream of the server. */
export function goAwayFrame(lastStreamId: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(lastStreamId);
  return rawFrame(7, flags.none, 0, payload);
}

export interface RawFrame {
  readonly type: number;
  readonly flag: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** The whole frames in the octets. */
export function framesIn(octets: Buffer): RawFrame[] {
  const frames: RawFrame[] = [];
  for (let offset = 0; offset + 9 <= octets.length; ) {
    const end = offset + 9 + octets.readUIntBE(offset, 3);
    if (end > octets.length) break;
    frames.push({
      type: octets.readUInt8(offset + 3),
      flag: octets.readUInt8(offset + 4),
      streamId: octets.readUInt32BE(offset + 5),
      payload: octets.subarray(offset + 9, end),
    });
    offset = end;
  }
  return frames;
}
