import { type FrameHead, frameTypes, type Http2Frame, headBytes } from "./frame-cutter.ts";

export const headerFlags = { endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
/** The largest frame that a server accepts by default (RFC 9113 §6.5.2), and that Node accepts. */
export const maxFrameBytes = 16_384;
const priorityBytes = 5;

/** A HEADERS frame in parts (RFC 9113 §6.2). */
export interface HeadersParts {
  /** The length of the padding and the priority, as far as the flags announce them. */
  readonly before: Buffer;
  readonly fragment: Buffer;
  readonly padding: Buffer;
}

/** Returns undefined if the padding is longer than the frame. */
export function partsOf({ flags, payload }: Http2Frame): HeadersParts | undefined {
  const isPadded = (flags & headerFlags.padded) !== 0;
  const begin = (isPadded ? 1 : 0) + ((flags & headerFlags.priority) === 0 ? 0 : priorityBytes);
  const end = payload.length - (isPadded ? (payload[0] ?? 0) : 0);
  if (begin > end) return undefined;
  return {
    before: payload.subarray(0, begin),
    fragment: payload.subarray(begin, end),
    padding: payload.subarray(end),
  };
}

/** The frames that carry `block` in place of those that began with `first`, whose flags and padding stay. */
export function headerFrames(first: FrameHead, { before, padding }: HeadersParts, block: Buffer): Buffer[] {
  const room = maxFrameBytes - before.length - padding.length;
  const fragments = [block.subarray(0, room)];
  for (let offset = room; offset < block.length; offset += maxFrameBytes) {
    fragments.push(block.subarray(offset, offset + maxFrameBytes));
  }
  return fragments.flatMap((fragment, index) => {
    const isLast = index === fragments.length - 1;
    const own = index === 0 ? first.flags & ~headerFlags.endHeaders : 0;
    const flags = own | (isLast ? headerFlags.endHeaders : 0);
    const payload = index === 0 ? [before, fragment, padding] : [fragment];
    return [headOf({ ...first, ...(index === 0 ? {} : continuation), flags }, payload), ...payload];
  });
}

const continuation = { type: frameTypes.continuation };

function headOf({ type, flags, streamId }: FrameHead, payload: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(
    payload.reduce((sum, part) => sum + part.length, 0),
    0,
    3,
  );
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(streamId, 5);
  return head;
}
