import { PkiError } from "../errors.ts";
import { decodeBody } from "./pem.ts";

/** A PEM block with its complete text. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
  readonly pem: string;
}

const begin = "-----BEGIN ";
const dashes = "-----";
const maxTextLength = 1024 * 1024;
const maxLabelLength = 64;

/**
 * Finds the PEM blocks in a file of an operator, such as the output of `openssl x509 -text`: it skips text
 * around blocks (RFC 7468 §5.2) and accepts any label. `parsePemBlocks` reads what peers send.
 *
 * @throws PkiError `PEM_MALFORMED`; `KEY_ENCRYPTED` for a key in the old encrypted form of OpenSSL
 */
export function findPemBlocks(text: string): readonly PemBlock[] {
  if (text.length > maxTextLength) throw malformed(`the text is longer than ${maxTextLength} characters`);
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at)) {
    const labelAt = at + begin.length;
    const labelEnd = text.indexOf(dashes, labelAt);
    if (labelEnd === -1 || labelEnd - labelAt > maxLabelLength) throw malformed("a BEGIN line is incomplete");
    const label = text.slice(labelAt, labelEnd);
    const end = `-----END ${label}-----`;
    const endAt = text.indexOf(end, labelEnd);
    if (endAt === -1) throw malformed("a block has no end line");
    const body = text.slice(labelEnd + dashes.length, endAt);
    refuseOldEncryption(body);
    const next = endAt + end.length;
    blocks.push({ label, der: decodeBody(body), pem: `${text.slice(at, next)}\n` });
    at = next;
  }
  return blocks;
}

/**
 * In OpenSSL's old form, recognized by its headers (RFC 1421), a single round of MD5 protects the key.
 * @throws PkiError `KEY_ENCRYPTED` if the body of a block has them
 */
export function refuseOldEncryption(body: string): void {
  if (!body.trimStart().startsWith("Proc-Type:")) return;
  throw new PkiError(
    "KEY_ENCRYPTED",
    "the key is in OpenSSL's old encrypted form: convert it with openssl pkcs8 -topk8",
  );
}

function malformed(rule: string): PkiError {
  return new PkiError("PEM_MALFORMED", rule);
}
