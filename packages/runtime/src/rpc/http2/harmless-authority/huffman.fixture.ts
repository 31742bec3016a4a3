/** The length of the code of each octet and of EOS (RFC 7541 appendix B): `a` for 5 bits to `z` for 30. */
const lengths =
  "isxxxxxxxtzxxzxxxxxxxxzxxxxxxxxxbffhibdgffdgdbbbaaabbbbbbbcdkbhfibccccccccccccccccccccccdcdioijbkabababbbaccbbbabcb" +
  "aabccccckgjixprpprrrsrssssststtrstssssqrsrsstrqprrssqsrrtqrssqqrqsrssprrrsrrsvvporsruvvvwwvtuoqvwwvwtqqvvxwwwptpqrq" +
  "qsrruuttvsvwvvwwwwwxwwwwwvz";
const lengthOf = [...lengths].map((letter) => letter.charCodeAt(0) - 0x61 + 5);
const endOfString = 256;
const codes = canonicalCodes();
const symbols = new Map([...codes].map(([symbol, code]) => [code, symbol]));

/** The bits of each code, as text. */
function canonicalCodes(): ReadonlyMap<number, string> {
  const ordered = [...lengthOf.entries()].sort(([a, short], [b, long]) => short - long || a - b);
  const byText = new Map<number, string>();
  let next = 0;
  let length = 0;
  for (const [symbol, bits] of ordered) {
    next *= 2 ** (bits - length);
    length = bits;
    byText.set(symbol, next.toString(2).padStart(bits, "0"));
    next += 1;
  }
  return byText;
}

export function huffmanEncode(octets: Uint8Array): Buffer {
  const bits = [...octets].map((octet) => codes.get(octet)).join("");
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "1");
  return Buffer.from((padded.match(/.{8}/g) ?? []).map((octet) => Number.parseInt(octet, 2)));
}

/** Returns undefined if the code is invalid. */
export function huffmanDecode(octets: Uint8Array): Buffer | undefined {
  const decoded: number[] = [];
  let code = "";
  for (const bit of [...octets].map((octet) => octet.toString(2).padStart(8, "0")).join("")) {
    code += bit;
    const symbol = symbols.get(code);
    if (symbol === undefined) continue;
    if (symbol === endOfString) return undefined;
    decoded.push(symbol);
    code = "";
  }
  return /^1{0,7}$/.test(code) ? Buffer.from(decoded) : undefined;
}
