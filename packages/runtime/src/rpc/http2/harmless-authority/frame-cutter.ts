/** The header of an HTTP/2 frame (RFC 9113 §4.1). */
export interface FrameHead {
  readonly length: number;
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

export const frameTypes = { headers: 1, rstStream: 3, goAway: 7, continuation: 9 } as const;

/** A whole frame. */
export interface Http2Frame extends FrameHead {
  readonly payload: Buffer;
}

/** Octets in the order in which they came: a whole frame that is wanted, or a part of another one. */
export interface Piece {
  readonly octets: Buffer;
  readonly frame?: Http2Frame;
}

export const headBytes = 9;

/** Finds the frames in a stream of octets. Holds only frames that are wanted, until they are complete. */
export class FrameCutter {
  readonly #isWanted: (head: FrameHead) => boolean;
  /** The header of the next frame, and after it the payload if the frame is wanted. */
  #held = Buffer.allocUnsafe(headBytes);
  #heldLength = 0;
  #head: FrameHead | undefined;
  /** Octets of the current frame that are still to pass. */
  #passing = 0;

  constructor(isWanted: (head: FrameHead) => boolean) {
    this.#isWanted = isWanted;
  }

  /** The octets of an incomplete frame that {@link push} has not returned. */
  get held(): Buffer {
    return this.#held.subarray(0, this.#heldLength);
  }

  *push(chunk: Buffer): Generator<Piece> {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#passing > 0) {
        const octets = chunk.subarray(offset, offset + this.#passing);
        this.#passing -= octets.length;
        offset += octets.length;
        yield { octets };
        continue;
      }
      offset += this.#hold(chunk.subarray(offset));
      if (this.#heldLength < this.#held.length) continue;
      const piece = this.#head === undefined ? this.#begin() : this.#complete(this.#head);
      if (piece !== undefined) yield piece;
    }
  }

  #hold(octets: Buffer): number {
    const taken = octets.copy(this.#held, this.#heldLength);
    this.#heldLength += taken;
    return taken;
  }

  /** The header is complete: decides about the payload. */
  #begin(): Piece | undefined {
    const head = headIn(this.#held);
    if (!this.#isWanted(head)) {
      this.#passing = head.length;
      return { octets: this.#next() };
    }
    if (head.length === 0) return this.#complete(head);
    this.#head = head;
    const frame = Buffer.allocUnsafe(headBytes + head.length);
    this.#held.copy(frame);
    this.#held = frame;
    return undefined;
  }

  #complete(head: FrameHead): Piece {
    const octets = this.#next();
    return { octets, frame: { ...head, payload: octets.subarray(headBytes) } };
  }

  /** Returns the held octets and makes room for the next header. */
  #next(): Buffer {
    const octets = this.#held;
    this.#held = Buffer.allocUnsafe(headBytes);
    this.#heldLength = 0;
    this.#head = undefined;
    return octets;
  }
}

function headIn(octets: Buffer): FrameHead {
  return {
    length: octets.readUIntBE(0, 3),
    type: octets.readUInt8(3),
    flags: octets.readUInt8(4),
    // The highest bit is reserved.
    streamId: octets.readUInt32BE(5) & 0x7fff_ffff,
  };
}
