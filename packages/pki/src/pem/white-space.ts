const [noBreakSpace, byteOrderMark] = [Uint8Array.of(0xc2, 0xa0), Uint8Array.of(0xef, 0xbb, 0xbf)];

/**
 * The number of octets of the white space at an index; 0 if there is none. It may be of ASCII, or what editors and
 * web pages leave behind: a byte order mark or a no-break space, in UTF-8.
 */
export function whiteSpaceAt(octets: Uint8Array, at: number): number {
  const octet = octets[at] ?? 0;
  if (octet === 0x20 || (octet >= 0x09 && octet <= 0x0d)) return 1;
  if (octet < 0x80) return 0;
  const kind = [noBreakSpace, byteOrderMark].find((one) => one.every((part, i) => octets[at + i] === part));
  return kind?.length ?? 0;
}
