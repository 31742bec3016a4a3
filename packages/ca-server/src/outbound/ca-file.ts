import { readFile } from "node:fs/promises";
import { PkiError, readRoots } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";

/**
 * Reads the roots of a TLS server from an operator's file. Node stops at the first block that it cannot read, so
 * only the readable ones are passed on. If there is none, the text is, and no server is trusted.
 */
export async function readCaFile(path: string): Promise<string> {
  const text = await readFile(path, "utf8");
  try {
    const { roots } = readRoots(text, (der) => new OperatorCertificate(der));
    return roots.map((root) => root.toPem()).join("");
  } catch (error) {
    if (error instanceof PkiError) return text;
    throw error;
  }
}
