import { PkiError, readRoots, type SkippedRoot } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";
import { AgentError } from "../errors.ts";
import { type FileFacts, factsOfRoots } from "./health/file-facts.ts";

/** The certificates of a root file, as sent to Envoy. */
export interface RootFile {
  readonly pem: string;
  readonly facts: FileFacts;
  /** Blocks that are not readable certificates. */
  readonly skipped: readonly SkippedRoot[];
}

/**
 * Parses a root file and removes duplicates. Unreadable blocks are skipped, because Envoy would reject the
 * whole file. Certificates that are not CAs stay: an operator may pin a server's self-signed certificate.
 * @throws AgentError `FILE_INVALID` if no certificate is left
 */
export function parseRoots(file: Buffer): RootFile {
  try {
    const { roots, skipped } = readRoots(file, (der) => new OperatorCertificate(der));
    const unique = [...new Map(roots.map((root) => [root.fingerprint, root])).values()];
    return { pem: unique.map((root) => root.toPem()).join(""), facts: factsOfRoots(unique), skipped };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw new AgentError("FILE_INVALID", `the root file contains no readable certificate: ${cause.message}`, {
      cause,
    });
  }
}
