import { PkiError } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";
import { AgentError } from "../errors.ts";
import { readPemBlocks } from "./pem-blocks.ts";

/** The certificates of a file of roots, as Envoy gets them. */
export interface RootFile {
  readonly pem: string;
  /** Blocks that were left out: not certificates, or not to be read. */
  readonly dropped: number;
}

/**
 * Reads a file of roots, each certificate once. What cannot be read is left out, because Envoy would refuse the rest with it.
 * A certificate that is no CA stays: an operator who pins a self-signed certificate of a server means it.
 * @throws AgentError `FILE_INVALID` when nothing is left
 */
export function parseRoots(file: Buffer): RootFile {
  const { blocks, problems } = readPemBlocks(file);
  const roots = new Map<string, string>();
  let dropped = problems.length;
  for (const { label, der } of blocks) {
    const root = label === "CERTIFICATE" ? tryRead(der) : undefined;
    if (root === undefined) dropped += 1;
    else roots.set(root.fingerprint, root.toPem());
  }
  if (roots.size === 0)
    throw new AgentError("FILE_INVALID", "the file of roots holds no certificate that can be read");
  return { pem: [...roots.values()].join(""), dropped };
}

function tryRead(der: Uint8Array): OperatorCertificate | undefined {
  try {
    return new OperatorCertificate(der);
  } catch (error) {
    if (error instanceof PkiError) return undefined;
    throw error;
  }
}
