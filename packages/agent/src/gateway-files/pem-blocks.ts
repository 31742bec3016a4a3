import { findPemBlocks, type PemBlock, PkiError } from "@kasbah/pki";

/** What stands in a file of PEM: the blocks that can be read, in their order, and why others cannot. */
export interface PemContents {
  readonly blocks: readonly PemBlock[];
  readonly problems: readonly PkiError[];
}

const begin = "-----BEGIN ";
/** Six times what the public CAs' bundle holds. A million bytes of beginnings would cost a second. */
const mostBlocks = 1_000;

/**
 * Finds the blocks of a file that people and tools made, each on its own, so that a broken one costs no other. Text around the
 * blocks, byte order marks, indentation and empty lines are passed over, as OpenSSL does; nothing is searched by pattern.
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
      problems.push(new PkiError("PEM_MALFORMED", `there are more than ${mostBlocks} blocks`));
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
