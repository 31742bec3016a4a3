/**
 * How many codes of each length the Huffman code of RFC 7541 appendix B has. The code is canonical, so these numbers
 * are enough to count symbols.
 */
const codesOfLength = [
  0, 0, 0, 0, 0, 10, 26, 32, 6, 0, 5, 3, 2, 6, 2, 3, 0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15, 19, 29, 0, 4,
];
const longest = codesOfLength.length - 1;
/** All bits of the last code of the longest length, which is EOS and never part of a valid string. */
const endOfString = 2 ** longest - 1;
const maxPaddingBits = 7;

/** The number of octets that a Huffman-coded string has when decoded; undefined if the string is invalid. */
export function huffmanLength(octets: Uint8Array): number | undefined {
  let decoded = 0;
  let code = 0;
  let length = 0;
  /** The first code of this length. */
  let first = 0;
  for (const octet of octets) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((octet >> bit) & 1);
      first = (first + (codesOfLength[length] ?? 0)) * 2;
      length += 1;
      if (code - first >= (codesOfLength[length] ?? 0)) continue;
      if (code === endOfString) return undefined;
      decoded += 1;
      code = 0;
      length = 0;
      first = 0;
    }
  }
  // The rest is padding: the first bits of EOS, which are ones.
  return length <= maxPaddingBits && code === 2 ** length - 1 ? decoded : undefined;
}
