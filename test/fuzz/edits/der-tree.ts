/** The encoding of an element's length. */
export type LengthForm =
  | "right"
  /** The indefinite form of BER, with an end-of-contents marker. */
  | "indefinite"
  /** The long form with this many octets, even if fewer would suffice. */
  | { readonly octets: number }
  /** The right length plus this offset. */
  | { readonly off: number };

/** A mutable element that can be written again, valid or not. */
export interface DerNode {
  tag: number;
  length: LengthForm;
  /** Octets before the children: the unused-bits octet of a BIT STRING that contains DER. */
  lead: Uint8Array;
  /** Raw bytes, or the child elements that they encode. */
  body: Uint8Array | DerNode[];
  /** Bytes to write instead of the element. */
  instead?: Uint8Array;
}

const bitString = 0x03;
const octetString = 0x04;

/**
 * Parses as many elements as possible, by default those inside strings as well; undefined if the bytes are
 * not DER.
 */
export function readDerNodes(bytes: Uint8Array, opensStrings = true): DerNode[] | undefined {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = headerAt(bytes, at);
    if (header === undefined || header.end > bytes.length) return undefined;
    nodes.push(nodeOf(bytes[at] ?? 0, bytes.subarray(header.start, header.end), opensStrings));
    at = header.end;
  }
  return nodes;
}

/** Every node of all trees, parents first. */
export function allNodes(nodes: readonly DerNode[]): DerNode[] {
  return nodes.flatMap((node) => [node, ...(Array.isArray(node.body) ? allNodes(node.body) : [])]);
}

export function writeDerNodes(nodes: readonly DerNode[]): Buffer {
  return Buffer.concat(nodes.map(writeDerNode));
}

export function writeDerNode({ tag, lead, body, length, instead }: DerNode): Uint8Array {
  if (instead !== undefined) return instead;
  const content = Buffer.concat([lead, Array.isArray(body) ? writeDerNodes(body) : body]);
  const end = length === "indefinite" ? Buffer.alloc(2) : Buffer.alloc(0);
  return Buffer.concat([Buffer.of(tag & 0xff, ...lengthOctets(content.length, length)), content, end]);
}

function nodeOf(tag: number, content: Uint8Array, opensStrings: boolean): DerNode {
  const leadLength = tag === bitString ? 1 : 0;
  const mayHold = (tag & 0x20) !== 0 || (opensStrings && (tag === octetString || tag === bitString));
  const isOpened = mayHold && content.length > leadLength;
  const inner = isOpened ? readDerNodes(content.subarray(leadLength), opensStrings) : undefined;
  const lead = content.subarray(0, inner === undefined ? 0 : leadLength);
  return { tag, length: "right", lead, body: inner ?? content };
}

function headerAt(bytes: Uint8Array, at: number): { start: number; end: number } | undefined {
  const first = bytes[at + 1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (count === 0 || count > 3 || at + 2 + count > bytes.length) return undefined;
  const start = at + 2 + count;
  return { start, end: start + Buffer.from(bytes).readUIntBE(at + 2, count) };
}

function lengthOctets(length: number, form: LengthForm): number[] {
  if (form === "indefinite") return [0x80];
  if (form === "right") return shortest(length);
  if ("off" in form) return shortest(Math.max(0, length + form.off));
  const octets = Array.from({ length: form.octets }, (_, index) => {
    return Math.floor(length / 256 ** (form.octets - 1 - index)) & 0xff;
  });
  return [0x80 | form.octets, ...octets];
}

function shortest(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left & 0xff);
  return [0x80 | octets.length, ...octets];
}
