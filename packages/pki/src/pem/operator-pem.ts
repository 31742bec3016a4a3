import { PkiError } from "../errors.ts";
import { decodeBody, encodePem } from "./pem.ts";

/** A PEM block with its complete text, and its place in the file. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array;
  /** The block in canonical form. */
  readonly pem: string;
  readonly place: PemPlace;
}

/** Where a block starts: it is the n-th block of the file, and its BEGIN line is this line. Both count from 1. */
export interface PemPlace {
  readonly position: number;
  readonly line: number;
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

const begin = "-----BEGIN ";
const dashes = "-----";
const maxTextLength = 1024 * 1024;
const maxLabelLength = 64;
/** Six times the number in the public CAs' bundle. */
const maxBlocks = 1_000;

/**
 * Reads a PEM file that people make, each block on its own, so that a broken block does not affect the others.
 * Like OpenSSL, it ignores text around blocks (RFC 7468 §5.2), byte order marks, any line ending, white space at
 * both ends of a line, and empty lines. It uses no regular expressions. `parsePemBlocks` reads what peers send.
 *
 * @throws PkiError `PEM_MALFORMED` if the text is longer than 1 MiB
 */
export function scanPem(text: string): PemContents {
  if (text.length > maxTextLength) throw malformed(`the text is longer than ${maxTextLength} characters`);
  const blocks: PemBlock[] = [];
  const problems: PemProblem[] = [];
  for (const { place, text: section } of sectionsOf(text)) {
    try {
      if (place.position > maxBlocks) throw malformed(`the file has more than ${maxBlocks} PEM blocks`);
      blocks.push({ ...readBlock(section), place });
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      problems.push({ place, error });
      if (place.position > maxBlocks) break;
    }
  }
  return { blocks, problems };
}

/**
 * Finds the PEM blocks in a file of an operator, under the rules of {@link scanPem}, all of them or none.
 *
 * @throws PkiError `PEM_MALFORMED`; `KEY_ENCRYPTED` for a key in the old encrypted form of OpenSSL
 */
export function findPemBlocks(text: string): readonly PemBlock[] {
  const { blocks, problems } = scanPem(text);
  const [problem] = problems;
  if (problem === undefined) return blocks;
  const { place, error } = problem;
  throw new PkiError(error.code, `${error.message} (in the block that starts at line ${place.line})`, {
    cause: error,
  });
}

interface Section {
  readonly place: PemPlace;
  /** From a BEGIN line up to the next one, each line trimmed, without empty lines. */
  readonly text: string;
}

function* sectionsOf(text: string): Generator<Section> {
  let line = 1;
  let position = 1;
  let before = 0;
  for (let at = text.indexOf(begin); at !== -1; position += 1) {
    line += lineFeeds(text, before, at);
    const next = text.indexOf(begin, at + begin.length);
    yield { place: { position, line }, text: tidy(text.slice(at, next === -1 ? text.length : next)) };
    [before, at] = [at, next];
  }
}

function lineFeeds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

function tidy(section: string): string {
  const lines = section.replaceAll("\r", "\n").split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
}

function readBlock(text: string): Omit<PemBlock, "place"> {
  const labelEnd = text.indexOf(dashes, begin.length);
  if (labelEnd === -1 || labelEnd - begin.length > maxLabelLength)
    throw malformed("a BEGIN line is incomplete");
  const label = text.slice(begin.length, labelEnd);
  const endAt = text.indexOf(`-----END ${label}-----`, labelEnd);
  if (endAt === -1) throw malformed("a block has no end line");
  const body = text.slice(labelEnd + dashes.length, endAt);
  refuseOldEncryption(body);
  const der = decodeBody(body);
  return { label, der, pem: encodePem(label, der) };
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
