import { open } from "node:fs/promises";
import { parseCertificate, parseTrustedRoot, readRoots } from "@kasbah/pki";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { CliError } from "../errors.ts";
import type { Findings } from "./findings.ts";

const maxBytes = 256 * 1024;

/**
 * Reads one or more certificates from a PEM file, or one from a DER file. Unreadable blocks are reported beside
 * the others.
 *
 * @throws CliError `TARGET_UNREACHABLE` if the file cannot be read, `TARGET_INVALID` if it is too large
 * @throws PkiError if the file contains no readable certificate
 */
export async function inspectFile(path: string): Promise<Findings> {
  const bytes = await readLimited(path);
  if (!bytes.includes("-----BEGIN")) return { chain: [parseCertificate(bytes)] };
  const { roots: chain, skipped } = readRoots(bytes.toString("utf8"), parseTrustedRoot);
  return { chain, skipped };
}

async function readLimited(path: string): Promise<Buffer> {
  const file = await open(path, "r").catch(async (cause: unknown) => {
    const problem = await describeReadFailure(path, cause, "correct the path");
    throw new CliError("TARGET_UNREACHABLE", `cannot read ${problem}`, { cause });
  });
  try {
    if (!(await file.stat()).isFile()) throw new CliError("TARGET_INVALID", `${path} is not a regular file`);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0);
    if (bytesRead > maxBytes)
      throw new CliError("TARGET_INVALID", `${path} is larger than ${maxBytes} bytes`);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
