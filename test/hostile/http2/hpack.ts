/** A header as a pair, because hostile lists contain duplicate names. */
export type Header = readonly [name: string, value: string];

/** RFC 7541, section 6.2.2: a literal that is not stored in the peer's dynamic table; no Huffman coding. */
export function literal([name, value]: Header): Buffer {
  return Buffer.concat([Buffer.of(0), text(name), text(value)]);
}

/** RFC 7541, section 6.2.1: a literal that the peer must store. */
export function remembered([name, value]: Header): Buffer {
  return Buffer.concat([Buffer.of(0x40), text(name), text(value)]);
}

/** RFC 7541, section 6.1; index 62 is the most recently stored header. */
export function indexed(index: number): Buffer {
  return integer(index, 7, 0x80);
}

/** RFC 7541, section 6.3. */
export function tableSize(size: number): Buffer {
  return integer(size, 5, 0x20);
}

export function block(headers: readonly Header[]): Buffer {
  return Buffer.concat(headers.map(literal));
}

/** The headers of a valid `CreateCertificate` call without its token, followed by `more`. */
export function callBlock(...more: readonly Header[]): Buffer {
  return block([
    [":method", "POST"],
    [":scheme", "https"],
    [":authority", "127.0.0.1"],
    [":path", "/istio.v1.auth.IstioCertificateService/CreateCertificate"],
    ["te", "trailers"],
    ["content-type", "application/grpc"],
    ...more,
  ]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(bytes.length, 7, 0), bytes]);
}

/**
 * RFC 7541, section 5.1: the prefix contains the value if it fits, otherwise the rest follows in groups of
 * seven bits.
 */
function integer(value: number, prefixBits: number, pattern: number): Buffer {
  const full = 2 ** prefixBits - 1;
  if (value < full) return Buffer.of(pattern | value);
  const bytes = [pattern | full];
  let rest = value - full;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
