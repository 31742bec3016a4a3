import { PkiError } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";
import { AgentError } from "../errors.ts";
import { readPemBlocks } from "./pem-blocks.ts";

/** The certificates of a root file, as sent to Envoy. */
export interface RootFile {
  readonly pem: string;
  /** Blocks that were skipped because they are not readable certificates. */
  readonly dropped: number;
}

/**
 * Parses a root file and removes duplicates. Unreadable blocks are skipped, because Envoy would reject the
 * whole file. Certificates that are not CAs stay: an operator may pin a server's self-signed certificate.
 * @throws AgentError `FILE_INVALID` if no certificate is left
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
    throw new AgentError("FILE_INVALID", "the root file contains no readable certificate");
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
