import { PkiError, readRoots } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { readJwksFile } from "../authn/jwks/file-source.ts";
import { loadTokenIssuers } from "../authn/jwks/issuers/file.ts";
import { parseVerificationKeys } from "../authn/jwks/key-set.ts";
import { readPassphrase } from "../authorities/keys/passphrase.ts";
import { podAccountDirectory } from "../config/callers.ts";
import type { ServerConfig } from "../config/config.ts";
import { JwksError, StateError, TokenIssuersError } from "../errors.ts";
import { readSharedFile } from "../outbound/shared-file.ts";

type FileReader = (path: string) => Promise<unknown>;
/** The words that name the file, its path if there is one, and how it is read. */
type NamedFile = readonly [label: string, path: string | undefined, read: FileReader];

/**
 * Reads the files for which a CA at its start would wait, or without which it would start and fail later. For
 * `--check-config`; it returns one sentence for each that is missing or useless.
 */
export async function namedFileProblems(config: ServerConfig): Promise<readonly string[]> {
  const { jwks, kubernetesApi } = config;
  const files: readonly NamedFile[] = [
    ["--jwks", jwks?.kind === "file" ? jwks.path : undefined, readKeySet],
    ["--jwks-ca-file", config.jwksCaFile, readCertificates],
    ["--jwks-token-file", config.jwksTokenFile, readToken],
    ...(kubernetesApi === undefined ? [] : kubernetesFiles(config)),
    ["--key-passphrase-file", config.keyPassphraseFile, readPassphrase],
    ...(await issuerFiles(config.tokenIssuers)),
  ];
  return (await Promise.all(files.map(problemsOf))).flat();
}

/** The kubelet provides the default files, and the configuration may be checked outside the pod. */
function kubernetesFiles({ kubernetesCaFile, kubernetesTokenFile }: ServerConfig): readonly NamedFile[] {
  const unlessOfPod = (path: string) => (path.startsWith(`${podAccountDirectory}/`) ? undefined : path);
  return [
    ["--kubernetes-ca-file", unlessOfPod(kubernetesCaFile), readCertificates],
    ["--kubernetes-token-file", unlessOfPod(kubernetesTokenFile), readToken],
  ];
}

async function issuerFiles(path: string | undefined): Promise<readonly NamedFile[]> {
  if (path === undefined) return [];
  const issuers = await loadTokenIssuers(path).catch((error: unknown) => {
    // The file itself has been reported.
    if (error instanceof TokenIssuersError) return [];
    throw error;
  });
  return issuers.flatMap(({ issuer, keys, caFile, tokenFile }): readonly NamedFile[] => [
    [`--token-issuers: jwks of ${issuer}`, keys.kind === "file" ? keys.path : undefined, readKeySet],
    [`--token-issuers: caFile of ${issuer}`, caFile, readCertificates],
    [`--token-issuers: tokenFile of ${issuer}`, tokenFile, readToken],
  ]);
}

async function problemsOf([label, path, read]: NamedFile): Promise<readonly string[]> {
  if (path === undefined) return [];
  try {
    await read(path);
    return [];
  } catch (error) {
    return [`${label}: ${await reasonOf(path, error)}`];
  }
}

async function reasonOf(path: string, error: unknown): Promise<string> {
  if (error instanceof JwksError || error instanceof StateError) return error.message;
  if (error instanceof PkiError) return `${path}: ${error.message}`;
  return `cannot read ${await describeReadFailure(path, error, "mount it, or correct the path")}`;
}

async function readKeySet(path: string): Promise<void> {
  const text = await readJwksFile(path);
  try {
    parseVerificationKeys(text);
  } catch (cause) {
    if (cause instanceof JwksError) throw new JwksError(`${path}: ${cause.message}`, { cause });
    throw cause;
  }
}

async function readCertificates(path: string): Promise<void> {
  readRoots(await readSharedFile(path), (der) => new OperatorCertificate(der));
}

async function readToken(path: string): Promise<void> {
  if ((await readSharedFile(path)).trim() === "")
    throw new JwksError(`${path}: expected a token, but it is empty`);
}
