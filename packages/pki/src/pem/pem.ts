import { PkiError } from "../errors.ts";

const defaultMaxBytes = 16 * 1024;
const lineLength = 64;

/**
 * The bytes of the only PEM block in a text that has nothing around it, with one exact label and at most `maxBytes`
 * characters (16 KiB): the strict form, for what the CA signs. `scanPem` reads what people write. It uses no regular
 * expressions, which have blocked event loops for a minute on PEM.
 * @throws PkiError `PEM_MALFORMED`
 */
export function parsePemBlock(text: string, label: string, maxBytes = defaultMaxBytes): Uint8Array {
  if (text.length > maxBytes) {
    throw new PkiError("PEM_MALFORMED", `the PEM is longer than ${maxBytes} bytes`);
  }
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const at = skipSpace(text, 0);
  if (!text.startsWith(begin, at)) {
    throw new PkiError("PEM_MALFORMED", `the text is not a PEM block of ${label}`);
  }
  const endAt = text.indexOf(end, at + begin.length);
  if (endAt === -1) throw new PkiError("PEM_MALFORMED", `the block of ${label} has no end line`);
  const der = decodeLines(text.slice(at + begin.length, endAt));
  if (skipSpace(text, endAt + end.length) === text.length) return der;
  throw new PkiError("PEM_MALFORMED", `there is more than one block of ${label}`);
}

/** One PEM block with lines of 64 characters and a line feed at its end (RFC 7468 §3). */
export function encodePem(label: string, der: Uint8Array): string {
  const base64 = Buffer.from(der.buffer, der.byteOffset, der.length).toString("base64");
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += lineLength) lines.push(base64.slice(at, at + lineLength));
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** Decodes the text between the two lines of a block. @throws PkiError `PEM_MALFORMED` */
function decodeLines(body: string): Uint8Array {
  const lines = body.replaceAll("\r\n", "\n");
  if (lines.length < 3 || !lines.startsWith("\n") || !lines.endsWith("\n") || lines.includes("\n\n")) {
    throw new PkiError("PEM_MALFORMED", "the PEM block is empty or its lines are broken");
  }
  const base64 = lines.replaceAll("\n", "");
  const bytes = Buffer.from(base64, "base64");
  // Node's decoder skips unknown characters. Encoding again proves that every character was used exactly
  // once.
  if (bytes.toString("base64") !== base64) {
    throw new PkiError("PEM_MALFORMED", "the PEM block is not canonical base64");
  }
  return new Uint8Array(bytes);
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at += 1;
  return at;
}
