import { findPemBlocks, type PemBlock, PkiError } from "@kasbah/pki";

/** The readable blocks of a PEM file in order, and the errors of the others. */
export interface PemContents {
  readonly blocks: readonly PemBlock[];
  readonly problems: readonly PkiError[];
}

const begin = "-----BEGIN ";
/**
 * Six times the number in the public CAs' bundle. Searching a million bytes of BEGIN lines would take a
 * second.
 */
const mostBlocks = 1_000;

/**
 * Finds the PEM blocks of a file, each on its own, so that a malformed block does not affect the others. Like
 * OpenSSL, it ignores text around the blocks, byte order marks, indentation and empty lines. It uses no
 * regular expressions.
 */
export function readPemBlocks(content: Buffer): PemContents {
  const lines = content.toString("utf8").split("\n");
  const text = lines
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");
  const blocks: PemBlock[] = [];
  const problems: PkiError[] = [];
  for (let at = text.indexOf(begin); at !== -1; ) {
    if (blocks.length + problems.length >= mostBlocks) {
      problems.push(new PkiError("PEM_MALFORMED", `the file has more than ${mostBlocks} PEM blocks`));
      break;
    }
    const next = text.indexOf(begin, at + begin.length);
    try {
      blocks.push(...findPemBlocks(text.slice(at, next === -1 ? text.length : next)));
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      problems.push(error);
    }
    at = next;
  }
  return { blocks, problems };
}
