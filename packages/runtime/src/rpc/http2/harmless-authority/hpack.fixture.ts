import { huffmanDecode, huffmanEncode } from "./huffman.fixture.ts";

/** RFC 7541 appendix A; the values do not matter here. */
const staticNames =
  ":authority :method :method :path :path :scheme :scheme :status :status :status :status :status :status :status accept-charset accept-encoding accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition content-encoding content-language content-length content-location content-range content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate".split(
    " ",
  );
export const staticCount = staticNames.length;

/** How a literal is added to the dynamic table: the pattern of its first octet, and the bits of its index. */
const forms = { indexing: [0x40, 6], without: [0x00, 4], never: [0x10, 4] } as const;

export interface LiteralField {
  readonly form: keyof typeof forms;
  /** An index, or the name itself. */
  readonly name: number | string;
  readonly value: string;
  readonly huffmanName?: boolean;
  readonly huffmanValue?: boolean;
}

export function literalField(field: LiteralField): Buffer {
  const [pattern, bits] = forms[field.form];
  const { name } = field;
  const begin =
    typeof name === "number"
      ? [integer(name, bits, pattern)]
      : [Buffer.of(pattern), text(name, field.huffmanName)];
  return Buffer.concat([...begin, text(field.value, field.huffmanValue)]);
}

export const indexedField = (index: number) => integer(index, 7, 0x80);
export const tableSizeUpdate = (size: number) => integer(size, 5, 0x20);

function text(value: string, isHuffman = false): Buffer {
  const raw = Buffer.from(value, "latin1");
  const octets = isHuffman ? huffmanEncode(raw) : raw;
  return Buffer.concat([integer(octets.length, 7, isHuffman ? 0x80 : 0), octets]);
}

export function integer(value: number, bits: number, pattern: number): Buffer {
  const full = 2 ** bits - 1;
  if (value < full) return Buffer.of(pattern | value);
  const octets = [pattern | full];
  let rest = value - full;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}

type Pair = readonly [name: string, value: string];

/** Decodes all header blocks of one connection, or throws. */
export class HpackDecoder {
  readonly #table: Pair[] = [];
  /** What a literal becomes whose name is not in the dynamic table. */
  readonly #see: (pair: Pair) => Pair;
  #limit = 4_096;
  #block: Buffer = Buffer.alloc(0);

  constructor(see: (pair: Pair) => Pair = (pair) => pair) {
    this.#see = see;
  }

  /** The number of fields in the dynamic table. */
  get entries(): number {
    return this.#table.length;
  }

  decode(block: Buffer): Pair[] {
    this.#block = block;
    const pairs: Pair[] = [];
    while (this.#block.length > 0) pairs.push(...this.#field());
    return pairs;
  }

  #field(): Pair[] {
    const first = this.#block[0] ?? 0;
    if (first >= 0x80) return [this.#at(this.#integer(7))];
    if (first >= 0x20 && first < 0x40) {
      this.#limit = this.#integer(5);
      this.#evict();
      return [];
    }
    const index = this.#integer(first >= 0x40 ? 6 : 4);
    const name = index === 0 ? this.#text() : this.#at(index)[0];
    const literal: Pair = [name, this.#text()];
    const pair = index > staticCount ? literal : this.#see(literal);
    if (first >= 0x40) this.#add(pair);
    return [pair];
  }

  #at(index: number): Pair {
    const name = staticNames[index - 1];
    const pair: Pair | undefined =
      name === undefined ? this.#table[index - staticCount - 1] : [name, `static ${index}`];
    if (pair === undefined) throw new Error(`no field has the index ${index}`);
    return pair;
  }

  #add(pair: Pair): void {
    this.#table.unshift(pair);
    this.#evict();
  }

  #evict(): void {
    const size = () => this.#table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > this.#limit) this.#table.pop();
  }

  #integer(bits: number): number {
    const full = 2 ** bits - 1;
    let value = this.#octet() & full;
    if (value < full) return value;
    for (let shift = 0; ; shift += 7) {
      const octet = this.#octet();
      value += (octet % 128) * 2 ** shift;
      if (octet < 128) return value;
    }
  }

  #text(): string {
    const isHuffman = (this.#block[0] ?? 0) >= 0x80;
    const length = this.#integer(7);
    if (length > this.#block.length) throw new Error("truncated");
    const octets = this.#block.subarray(0, length);
    this.#block = this.#block.subarray(length);
    const decoded = isHuffman ? huffmanDecode(octets) : octets;
    if (decoded === undefined) throw new Error("invalid Huffman code");
    return decoded.toString("latin1");
  }

  #octet(): number {
    const octet = this.#block[0];
    if (octet === undefined) throw new Error("truncated");
    this.#block = this.#block.subarray(1);
    return octet;
  }
}
