const firstCapacity = 64 * 1024;

/** Appends values to a growing buffer, in the form that a `ByteReader` reads. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(firstCapacity);
  #start = 0;
  #end = 0;

  /** The number of bytes since the last {@link take}. */
  get length(): number {
    return this.#end - this.#start;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#end] = value;
    this.#end += 1;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#end = this.#bytes.writeUInt32BE(value, this.#end);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#end = this.#bytes.writeDoubleBE(value, this.#end);
  }

  boolean(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  text(value: string): void {
    const mostBytes = value.length * 3;
    this.#reserve(4 + mostBytes);
    const written = this.#bytes.write(value, this.#end + 4);
    this.#bytes.writeUInt32BE(written, this.#end);
    this.#end += 4 + written;
  }

  bytes(value: Uint8Array): void {
    this.#reserve(4 + value.length);
    this.#bytes.writeUInt32BE(value.length, this.#end);
    this.#bytes.set(value, this.#end + 4);
    this.#end += 4 + value.length;
  }

  list<T>(values: readonly T[], write: (value: T) => void): void {
    this.uint32(values.length);
    for (const value of values) write(value);
  }

  optional<T>(value: T | undefined, write: (value: T) => void): void {
    this.boolean(value !== undefined);
    if (value !== undefined) write(value);
  }

  /** Writes the number of bytes that `write` appends, and then these bytes. */
  measured(write: () => void): void {
    this.uint32(0);
    const at = this.length;
    write();
    this.#bytes.writeUInt32BE(this.length - at, this.#start + at - 4);
  }

  /** Removes the last bytes, so that `length` bytes are left. */
  cutTo(length: number): void {
    this.#end = this.#start + length;
  }

  /** Returns what was written since the last call. The writer never changes these bytes again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return taken;
  }

  #reserve(count: number): void {
    if (this.#end + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(firstCapacity, 2 * (this.length + count)));
    this.#bytes.copy(larger, 0, this.#start, this.#end);
    [this.#bytes, this.#end, this.#start] = [larger, this.length, 0];
  }
}
