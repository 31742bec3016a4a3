const ipv6Groups = 8;

/** The octets of an IP address in text, for an iPAddress. @throws RangeError if it is none */
export function addressOctets(text: string): Uint8Array {
  const octets = text.includes(":") ? ipv6(text) : ipv4(text);
  if (octets === undefined) throw new RangeError("an IP address of a certificate is malformed");
  return octets;
}

function ipv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  const isValid = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return isValid ? Uint8Array.from(parts, Number) : undefined;
}

function ipv6(text: string): Uint8Array | undefined {
  const [head = "", tail, ...more] = text.split("::");
  const first = groups(head);
  const last = groups(tail ?? "");
  if (more.length > 0 || first === undefined || last === undefined) return undefined;
  const missing = ipv6Groups - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...first, ...new Array<number>(missing).fill(0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Groups of 16 bits; an IPv4 address at the end is two of them. */
function groups(text: string): number[] | undefined {
  if (text === "") return [];
  const read: number[] = [];
  for (const part of text.split(":")) {
    const [a = 0, b = 0, c = 0, d = 0] = part.includes(".") ? (ipv4(part) ?? []) : [];
    if (part.includes(".") && ipv4(part) !== undefined) read.push((a << 8) | b, (c << 8) | d);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) read.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return read;
}
