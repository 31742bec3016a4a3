const prefixMost = 0x7f;
const letter = 0x61;

/** A string literal of that many letters, without Huffman code (RFC 7541 §5.1 and §5.2). */
export function rawLiteral(length: number): Buffer {
  return Buffer.concat([lengthPrefix(length), Buffer.alloc(length, letter)]);
}

function lengthPrefix(length: number): Buffer {
  if (length < prefixMost) return Buffer.of(length);
  const octets = [prefixMost];
  let rest = length - prefixMost;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) octets.push(0x80 | (rest & 0x7f));
  return Buffer.from([...octets, rest]);
}
