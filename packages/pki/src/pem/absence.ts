import { describeLabel } from "./label.ts";
import { octetsOf, scanPem } from "./scan-pem.ts";

const byteOrderMark = "\uFEFF";

/** Says what a file contains in place of the expected block, and how to fix it. It quotes only labels of blocks. */
export function describeOtherContents(pem: string | Uint8Array): string {
  const octets = octetsOf(pem);
  const start = octets.subarray(0, 64);
  if (start.toString("utf8").replace(byteOrderMark, "").trim() === "" && octets.length <= 64)
    return "it is empty";
  const { blocks } = scanPem(octets);
  if (blocks.length > 0)
    return `it only contains blocks of ${[...new Set(blocks.map(({ label }) => describeLabel(label)))].join(", ")}`;
  if (start[0] === 0x30 && (start[1] ?? 0) >= 0x80) return "it is DER: convert it to PEM with openssl";
  if (start.includes(0)) return "it is not UTF-8 text: save it as UTF-8";
  if (octets.includes("-----BEGIN "))
    return "its BEGIN lines do not start a line, or their blocks are not complete";
  return "it contains no PEM block";
}
