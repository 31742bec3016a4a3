/** One element of a DER structure that `parseDer` has accepted. */
export interface DerElement {
  /** The identifier octet, including class and constructed bit. */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content, as received. */
  readonly raw: Uint8Array;
  /** The elements inside a constructed element; empty for a primitive one. */
  readonly children: readonly DerElement[];
}

/**
 * An element by its place in the bytes. A certificate has seventy elements, of which few are read: a view of the
 * bytes costs more than to find its place, so views are created on demand.
 */
export class ReadElement implements DerElement {
  readonly tag: number;
  readonly children: readonly ReadElement[];
  readonly end: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #contentStart: number;

  constructor(
    identifier: number,
    bytes: Uint8Array,
    start: number,
    contentStart: number,
    end: number,
    children: readonly ReadElement[],
  ) {
    this.tag = identifier;
    this.children = children;
    this.end = end;
    this.#bytes = bytes;
    this.#start = start;
    this.#contentStart = contentStart;
  }

  get content(): Uint8Array {
    return this.#bytes.subarray(this.#contentStart, this.end);
  }

  get raw(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.end);
  }
}
