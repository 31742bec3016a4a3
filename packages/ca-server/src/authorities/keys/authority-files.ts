import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Certificate, type KeyPair, PkiError, parseCertificate, parsePrivateKey } from "@kasbah/pki";
import {
  type DurableFs,
  errnoOf,
  nodeFs,
  type PublishedFile,
  publishDirectory,
  type Secret,
  syncDirectory,
  writeFileDurably,
} from "@kasbah/runtime";
import { StateError } from "../../errors.ts";

/** A signing key and its certificate. */
export interface SigningPair {
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
}

/** Istio's file names, so that operators can copy the directory to and from Istio. */
const certificateFile = "ca-cert.pem";
const keyFile = "ca-key.pem";
export const maxAuthorityFileBytes = 64 * 1024;

/**
 * Publishes a pair as one durable set. Returns false if the directory already exists. With a passphrase, the
 * key is encrypted (PKCS #8 with PBES2).
 */
export async function publishAuthority(
  directory: string,
  { certificate, keyPair }: SigningPair,
  passphrase?: Secret,
  fs?: DurableFs,
): Promise<boolean> {
  const key = await keyPem(keyPair, passphrase);
  const files: PublishedFile[] = [
    { name: keyFile, bytes: key, mode: 0o600 },
    { name: certificateFile, bytes: certificate.toPem(), mode: 0o644 },
  ];
  return publishDirectory(directory, files, fs).finally(() => key.fill(0));
}

/** Whether the directory holds a key, which stays unread. */
export async function hasKeyFile(directory: string): Promise<boolean> {
  try {
    await lstat(join(directory, keyFile));
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

/** Removes the key of an authority that will never sign again. The certificate stays. */
export async function destroyKey(directory: string, fs: DurableFs = nodeFs): Promise<boolean> {
  try {
    await fs.unlink(join(directory, keyFile));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
  await syncDirectory(directory, fs);
  return true;
}

/** The file of a key, in octets that the caller overwrites: a string would stay in memory. */
export async function keyPem(keyPair: KeyPair, passphrase: Secret | undefined): Promise<Uint8Array> {
  if (passphrase === undefined) return keyPair.toPkcs8PemOctets();
  return Buffer.from(await keyPair.toEncryptedPkcs8Pem(passphrase.reveal()));
}

/**
 * Loads a pair; undefined if the directory does not exist. With a passphrase, it encrypts a key that is not
 * encrypted.
 * @throws StateError if the directory is incomplete, damaged or exposed: a new key never replaces it
 */
export async function loadAuthority(
  directory: string,
  passphrase?: Secret,
): Promise<SigningPair | undefined> {
  if (!(await isPresent(directory))) return undefined;
  const storedKey = await readFileIn(directory, keyFile, refuseExposedKey);
  try {
    const certificatePem = await readFileIn(directory, certificateFile, () => undefined);
    const pair = parseSigningPair(directory, storedKey, certificatePem.toString(), passphrase);
    if (pair.certificate.publicKey.equals(pair.keyPair.publicKey)) {
      if (passphrase !== undefined && !isEncrypted(storedKey))
        await encryptInPlace(directory, pair, passphrase);
      return pair;
    }
  } finally {
    storedKey.fill(0);
  }
  throw new StateError(
    "AUTHORITY_MISMATCH",
    `${keyFile} and ${certificateFile} in ${directory} do not match: restore both from one backup, or follow docs/runbooks/lost-state.md`,
  );
}

async function isPresent(directory: string): Promise<boolean> {
  try {
    await readdir(directory);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw new StateError("AUTHORITY_MALFORMED", `cannot read ${directory} as a directory`, {
      cause: error,
    });
  }
}

async function readFileIn(
  directory: string,
  name: string,
  checkMode: (path: string, mode: number) => void,
): Promise<Buffer> {
  const path = join(directory, name);
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size > maxAuthorityFileBytes) throw malformed(path);
      checkMode(path, stats.mode);
      // The handle's own readFile would leave copies in memory.
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(stats.size), 0, stats.size, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (cause instanceof StateError) throw cause;
    if (errnoOf(cause) !== "ENOENT") throw malformed(path, cause);
    throw new StateError(
      "AUTHORITY_INCOMPLETE",
      `${path} is missing: restore it from a backup, or follow docs/runbooks/lost-state.md`,
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
    `${path} has mode ${(mode & 0o777).toString(8)}, so other users may have read the key: if they have not, run chmod 600 on it`,
  );
}

export function parseSigningPair(
  directory: string,
  storedKey: string | Uint8Array,
  certificatePem: string,
  passphrase: Secret | undefined,
): SigningPair {
  try {
    const keyPair = parsePrivateKey(storedKey, passphrase?.reveal());
    return { certificate: parseCertificate(certificatePem), keyPair };
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    throw passphraseProblem(directory, cause) ?? malformed(directory, cause);
  }
}

function passphraseProblem(directory: string, cause: PkiError): StateError | undefined {
  if (cause.code === "KEY_ENCRYPTED") {
    const message = `cannot read the key in ${directory}: ${cause.message}; set --key-passphrase-file to the file with the passphrase`;
    return new StateError("KEY_PASSPHRASE_MISSING", message, { cause });
  }
  if (cause.code !== "KEY_PASSPHRASE_WRONG") return undefined;
  const message = `cannot decrypt the key in ${directory} with the passphrase in --key-passphrase-file`;
  return new StateError("KEY_PASSPHRASE_WRONG", message, { cause });
}

function isEncrypted(storedKey: Buffer): boolean {
  return storedKey.indexOf("-----BEGIN ENCRYPTED PRIVATE KEY-----") === 0;
}

async function encryptInPlace(
  directory: string,
  { keyPair }: SigningPair,
  passphrase: Secret,
): Promise<void> {
  const key = await keyPem(keyPair, passphrase);
  await writeFileDurably(join(directory, keyFile), key, 0o600);
}

function malformed(path: string, cause?: unknown): StateError {
  return new StateError(
    "AUTHORITY_MALFORMED",
    `${path} is not a file that the CA wrote: restore it from a backup, or follow docs/runbooks/lost-state.md`,
    {
      cause,
    },
  );
}
