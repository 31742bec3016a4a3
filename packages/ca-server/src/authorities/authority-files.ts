import { constants } from "node:fs";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, type KeyPair, PkiError, parseCertificate, parsePrivateKey } from "@kasbah/pki";
import { errnoOf, type PublishedFile, publishDirectory } from "@kasbah/runtime";
import { StateError } from "../errors.ts";

/** A key that signs, and its certificate. */
export interface SigningPair {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
}

/** Istio's names, so that the directory can be carried over to and from it. */
const certificateFile = "ca-cert.pem";
const keyFile = "ca-key.pem";
const maxFileBytes = 64 * 1024;

/** Publishes a pair as one durable set; false when the directory was already taken by another process's. */
export function publishAuthority(directory: string, { certificate, keyPair }: SigningPair): Promise<boolean> {
  const files: PublishedFile[] = [
    { name: keyFile, bytes: keyPair.toPkcs8Pem(), mode: 0o600 },
    { name: certificateFile, bytes: certificate.toPem(), mode: 0o644 },
  ];
  return publishDirectory(directory, files);
}

/**
 * Loads a pair; undefined when there is no such directory.
 *
 * @throws StateError when the directory is there and not whole, sound and private: it is never replaced by a new key.
 */
export async function loadAuthority(directory: string): Promise<SigningPair | undefined> {
  if (!(await isPresent(directory))) return undefined;
  const keyPem = await readFileIn(directory, keyFile, refuseExposedKey);
  const certificatePem = await readFileIn(directory, certificateFile, () => undefined);
  const pair = parsePair(directory, keyPem, certificatePem);
  if (pair.certificate.publicKey.equals(pair.keyPair.publicKey)) return pair;
  throw new StateError(
    "AUTHORITY_MISMATCH",
    `${keyFile} and ${certificateFile} in ${directory} do not belong together`,
  );
}

async function isPresent(directory: string): Promise<boolean> {
  try {
    await readdir(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw new StateError("AUTHORITY_MALFORMED", `${directory} can not be read as a directory`, {
      cause: error,
    });
  }
}

async function readFileIn(
  directory: string,
  name: string,
  checkMode: (path: string, mode: number) => void,
): Promise<string> {
  const path = join(directory, name);
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size > maxFileBytes) throw malformed(path);
      checkMode(path, stats.mode);
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof StateError) throw cause;
    if (errnoOf(cause) !== "ENOENT") throw malformed(path, cause);
    throw new StateError(
      "AUTHORITY_INCOMPLETE",
      `${path} is missing: restore it; a new key would cut off every client`,
      {
        cause,
      },
    );
  }
}

function refuseExposedKey(path: string, mode: number): void {
  if ((mode & 0o077) === 0) return;
  throw new StateError(
    "AUTHORITY_KEY_EXPOSED",
    `${path} has mode ${(mode & 0o777).toString(8)}: others may have read the key; if they have not, chmod 600 it`,
  );
}

function parsePair(directory: string, keyPem: string, certificatePem: string): SigningPair {
  try {
    return { certificate: parseCertificate(certificatePem), keyPair: parsePrivateKey(keyPem) };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw malformed(directory, cause);
  }
}

function malformed(path: string, cause?: unknown): StateError {
  return new StateError("AUTHORITY_MALFORMED", `${path} does not hold what the CA wrote there: restore it`, {
    cause,
  });
}
