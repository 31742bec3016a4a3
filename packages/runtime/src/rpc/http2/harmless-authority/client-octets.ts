import { FrameCutter, type FrameHead, frameTypes, type Http2Frame, type Piece } from "./frame-cutter.ts";
import { harmlessBlock } from "./header-block.ts";
import { type HeadersParts, headerFlags, headerFrames, maxFrameBytes, partsOf } from "./header-frames.ts";

/** RFC 9113 §3.4. */
const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Of one header block. */
const maxHeldBytes = 64 * 1024;
/** nghttp2 ends a connection with more of them in one header block. */
const maxContinuations = 8;

/** What the octets of a client show. */
export interface ClientObserver {
  /** A header block has arrived, which may open a stream. */
  headers(streamId: number, hasEmptyAuthority: boolean): void;
  /** The client does not begin as HTTP/2 does. */
  notHttp2(): void;
  /** The client ends the connection. */
  leaving(): void;
}

/** The header block that is being received. */
interface OpenBlock {
  readonly first: Http2Frame;
  readonly parts: HeadersParts;
  readonly fragments: Buffer[];
  /** The frames as received. */
  readonly received: Buffer[];
}

/**
 * Makes the authorities in the octets of an HTTP/2 client harmless. All other octets stay as they are; once something
 * is odd, all octets do, and nghttp2 decides about them.
 */
export class ClientOctets {
  readonly #observer: ClientObserver;
  readonly #cutter = new FrameCutter((head) => this.#isWanted(head));
  #prefaceBytes = 0;
  #block: OpenBlock | undefined;
  #isOff = false;

  constructor(observer: ClientObserver) {
    this.#observer = observer;
  }

  /** Whether something odd came, so that the octets pass as they are. */
  get isOff(): boolean {
    return this.#isOff;
  }

  /** Returns what nghttp2 gets for these octets, in order. */
  push(chunk: Buffer): readonly Buffer[] {
    const frames = this.#afterPreface(chunk);
    if (this.#isOff) return [chunk];
    const passed = [chunk.subarray(0, chunk.length - frames.length)];
    for (const piece of this.#cutter.push(frames)) {
      passed.push(...(this.#isOff ? [...this.#release(), piece.octets] : this.#take(piece)));
    }
    if (this.#isOff) passed.push(this.#cutter.held);
    return passed.filter((octets) => octets.length > 0);
  }

  #afterPreface(chunk: Buffer): Buffer {
    const expected = preface.subarray(this.#prefaceBytes, this.#prefaceBytes + chunk.length);
    if (!this.#isOff && !chunk.subarray(0, expected.length).equals(expected)) {
      this.#isOff = true;
      this.#observer.notHttp2();
    }
    this.#prefaceBytes += expected.length;
    return chunk.subarray(expected.length);
  }

  #isWanted({ type, length }: FrameHead): boolean {
    if (type === frameTypes.goAway) this.#observer.leaving();
    if (type !== frameTypes.headers && type !== frameTypes.continuation) return false;
    if (length > maxFrameBytes) this.#isOff = true;
    return !this.#isOff;
  }

  #take(piece: Piece): readonly Buffer[] {
    const { frame, octets } = piece;
    if (frame === undefined) return this.#block === undefined ? [octets] : this.#turnOff(octets);
    const block = frame.type === frameTypes.headers ? this.#open(frame) : this.#continue(frame);
    if (block === undefined) return this.#turnOff(octets);
    block.received.push(octets);
    const held = block.received.reduce((sum, part) => sum + part.length, 0);
    if (held > maxHeldBytes || block.received.length > 1 + maxContinuations) return this.#turnOff();
    return (frame.flags & headerFlags.endHeaders) === 0 ? [] : this.#end(block);
  }

  #open(frame: Http2Frame): OpenBlock | undefined {
    const parts = partsOf(frame);
    if (this.#block !== undefined || frame.streamId === 0 || parts === undefined) return undefined;
    this.#block = { first: frame, parts, fragments: [parts.fragment], received: [] };
    return this.#block;
  }

  #continue(frame: Http2Frame): OpenBlock | undefined {
    if (this.#block?.first.streamId !== frame.streamId) return undefined;
    this.#block.fragments.push(frame.payload);
    return this.#block;
  }

  #end(block: OpenBlock): readonly Buffer[] {
    const joined = Buffer.concat(block.fragments);
    const harmless = harmlessBlock(joined);
    if (harmless === undefined) return this.#turnOff();
    this.#block = undefined;
    this.#observer.headers(block.first.streamId, harmless.hasEmptyAuthority);
    if (harmless.octets === joined) return block.received;
    return headerFrames(block.first, block.parts, harmless.octets);
  }

  /** Returns the octets that are held, and those after them. */
  #turnOff(...after: Buffer[]): readonly Buffer[] {
    this.#isOff = true;
    return [...this.#release(), ...after];
  }

  #release(): readonly Buffer[] {
    const received = this.#block?.received ?? [];
    this.#block = undefined;
    return received;
  }
}
