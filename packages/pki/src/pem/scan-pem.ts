import { PkiError } from "../errors.ts";
import { decodeBody } from "./base64-body.ts";
import { describeLabel } from "./label.ts";
import { begin, type PemPlace, type Section, sectionsOf } from "./sections.ts";

/** A PEM block, and its place in the file. */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
  readonly place: PemPlace;
}

/** A block that cannot be read. */
interface PemProblem {
  readonly place: PemPlace;
  readonly error: PkiError;
}

/** The readable blocks of a PEM file in order, and the others. */
export interface PemContents {
  readonly blocks: readonly PemBlock[];
  readonly problems: readonly PemProblem[];
}

const dashes = "-----";
const maxBytes = 1024 * 1024;
const maxLabelLength = 64;
/** Six times the number in the public CAs' bundle. A BEGIN within text counts too: trying it takes as long. */
const maxBlocks = 1_000;

/**
 * The one reader of PEM that people write: files, settings and what a CA passes on from its operator's files. It
 * reads each block on its own, so that a broken block does not affect the others. It ignores text around blocks
 * (RFC 7468 §5.2), comments, byte order marks, the kind of line ending and white space. It uses no regular expressions, which
 * have blocked event loops for a minute on PEM. `parsePemBlock` reads what the CA signs.
 *
 * @throws PkiError `PEM_MALFORMED` if the text is longer than 1 MiB
 */
export function scanPem(pem: string | Uint8Array): PemContents {
  const octets = octetsOf(pem);
  if (octets.length > maxBytes) throw malformed(`it is longer than ${maxBytes} bytes`);
  const blocks: PemBlock[] = [];
  const problems: PemProblem[] = [];
  let end = 0;
  let tried = 0;
  for (const section of sectionsOf(octets, () => end)) {
    if (section.isComment) continue;
    const place = { position: blocks.length + problems.length + 1, line: section.line };
    tried += 1;
    if (tried > maxBlocks) {
      problems.push({ place, error: malformed(`the file has more than ${maxBlocks} PEM blocks`) });
      break;
    }
    try {
      const { length, ...block } = readBlock(section);
      blocks.push({ ...block, place });
      end = section.octets.byteOffset - octets.byteOffset + length;
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      // In the middle of a line, what is no block is text.
      if (section.startsLine) problems.push({ place, error });
    }
  }
  return { blocks, problems };
}

/**
 * Finds the PEM blocks in a file, under the rules of {@link scanPem}, all of them or none.
 *
 * @throws PkiError `PEM_MALFORMED`; `KEY_ENCRYPTED` for a key in the old encrypted form of OpenSSL
 */
export function findPemBlocks(pem: string | Uint8Array): readonly PemBlock[] {
  const { blocks, problems } = scanPem(pem);
  const [problem] = problems;
  if (problem === undefined) return blocks;
  throw atPlace(problem.place, problem.error);
}

/** Like `parse()`, whose errors then name the place of the block. @throws PkiError */
export function inBlock<T>({ place }: PemBlock, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof PkiError ? atPlace(place, error) : error;
  }
}

/** The words for a place that all messages use. */
export function describePlace({ position, line }: PemPlace): string {
  return `block ${position} (line ${line})`;
}

/** The octets themselves, if they are octets already. */
export function octetsOf(pem: string | Uint8Array): Buffer {
  return typeof pem === "string" ? Buffer.from(pem) : Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength);
}

function atPlace(place: PemPlace, error: PkiError): PkiError {
  return new PkiError(error.code, `${describePlace(place)}: ${error.message}`, { cause: error });
}

/** The block, and the number of octets up to its end. */
function readBlock({ octets }: Section): Omit<PemBlock, "place"> & { readonly length: number } {
  const labelEnd = octets.indexOf(dashes, begin.length);
  const label = labelEnd === -1 ? "" : labelIn(octets.subarray(begin.length, labelEnd));
  if (label === "") throw malformed("the BEGIN line is incomplete");
  const end = `-----END ${label}-----`;
  const endAt = octets.indexOf(end, labelEnd);
  if (endAt === -1) throw malformed(`the block of ${describeLabel(label)} has no END line`);
  const body = octets.subarray(labelEnd + dashes.length, endAt);
  refuseOldEncryption(body);
  return { label, der: decodeBody(body), length: endAt + end.length };
}

/** Empty if it is none: a label is one word or several, in one line. */
function labelIn(octets: Buffer): string {
  const isLabel = octets.length <= maxLabelLength && octets.every((octet) => octet >= 0x20 && octet < 0x7f);
  return isLabel ? octets.toString("latin1") : "";
}

/** In OpenSSL's old form, recognized by its headers (RFC 1421), a single round of MD5 protects the key. */
function refuseOldEncryption(body: Buffer): void {
  const header = "Proc-Type:";
  if (!body.subarray(0, 64).toString("latin1").trimStart().startsWith(header)) return;
  throw new PkiError(
    "KEY_ENCRYPTED",
    "the key is in OpenSSL's old encrypted form: convert it with openssl pkcs8 -topk8",
  );
}

function malformed(rule: string): PkiError {
  return new PkiError("PEM_MALFORMED", rule);
}
