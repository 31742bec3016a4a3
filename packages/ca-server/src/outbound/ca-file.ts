import { PkiError, readRoots } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";
import { LRUCache } from "lru-cache";
import { readSharedFile } from "./shared-file.ts";

interface ReadableRoots {
  readonly text: string;
  readonly pem: string;
}

/** More files than any configuration names. */
const maxFiles = 100;
const lastRead = new LRUCache<string, ReadableRoots>({ max: maxFiles });

/**
 * Reads the roots of a TLS server from an operator's file. Node stops at the first block that it cannot read, so
 * only the readable ones are passed on. If there is none, the text is, and no server is trusted.
 */
export async function readCaFile(path: string): Promise<string> {
  const text = await readSharedFile(path);
  const known = lastRead.get(path);
  if (known?.text === text) return known.pem;
  const pem = readableRoots(text);
  lastRead.set(path, { text, pem });
  return pem;
}

function readableRoots(text: string): string {
  try {
    const { roots } = readRoots(text, (der) => new OperatorCertificate(der));
    return roots.map((root) => root.toPem()).join("");
  } catch (error) {
    if (error instanceof PkiError) return text;
    throw error;
  }
}
