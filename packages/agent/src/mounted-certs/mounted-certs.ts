import { join } from "node:path";
import {
  findCertificates,
  type KeyFormat,
  MeshError,
  parseCertificate,
  parsePrivateKey,
  readBundle,
  type SkippedRoot,
  verifyChain,
} from "@kasbah/pki";
import { AgentError } from "../errors.ts";
import { readOperatorFile } from "../operator-file.ts";
import { chainEnd } from "../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import { type MountedNames, namesIn } from "./name-sets.ts";

/** The contents of the files, and their names. */
export interface MountedFiles {
  readonly names: MountedNames;
  readonly chain: string;
  readonly key: string;
  readonly roots: string;
}

/** The secret of the files, and the roots that were skipped. */
export interface MountedSecret {
  readonly secret: WorkloadSecret;
  readonly skipped: readonly SkippedRoot[];
}

const maxFileBytes = 1024 * 1024;

/** Another program renews the files. If this share of the lifetime is left, the renewal is overdue. */
const overdueShare = 0.2;

export async function readMountedFiles(directory: string): Promise<MountedFiles> {
  const names = await namesIn(directory);
  const hint = `mount ${[...new Set(Object.values(names))].join(", ")} there`;
  const read = (name: string) => readOperatorFile(join(directory, name), maxFileBytes, hint);
  const [chain, key, roots] = await Promise.all([read(names.chain), read(names.key), read(names.roots)]);
  return { names, chain, key, roots };
}

/**
 * Parses the secret from the files: the key matches the leaf, the chain verifies now, and the leaf is an
 * X.509-SVID, whose name becomes the workload's. Throws MOUNTED_CERTS_INVALID naming the failed rule.
 */
export function parseMountedSecret(files: MountedFiles, keyFormat: KeyFormat, now: Date): MountedSecret {
  const { names } = files;
  const keyPair = check(`cannot parse ${names.key}`, () => parsePrivateKey(files.key));
  const [leaf, ...rest] = check(`cannot parse ${names.chain}`, () =>
    findCertificates(files.chain, parseCertificate),
  );
  const { bundle, skipped } = check(`cannot parse ${names.roots}`, () => readBundle(files.roots));
  if (leaf === undefined) throw invalid(`${names.chain} contains no certificate`);
  if (!leaf.publicKey.equals(keyPair.publicKey)) {
    throw invalid(`${names.key} does not match ${names.chain}`);
  }
  const { spiffeId } = leaf;
  if (spiffeId === undefined) {
    throw invalid(
      "the certificate does not have exactly one SPIFFE ID; serve other certificates under file-cert: names",
    );
  }
  const intermediates = rest.filter((one) => !one.isIssuedBy(one));
  check(`${names.chain} does not verify under ${names.roots}`, () =>
    verifyChain({ leaf, intermediates, bundle, now }),
  );
  const chain = [leaf, ...intermediates];
  const notAfter = chainEnd(chain);
  const lifeMs = notAfter.getTime() - leaf.notBefore.getTime();
  const rotateAt = new Date(notAfter.getTime() - overdueShare * lifeMs);
  const receivedAt = now;
  const secret = {
    spiffeId,
    keyPair,
    keyFormat,
    leaf,
    intermediates,
    bundle,
    receivedAt,
    notAfter,
    rotateAt,
  };
  return { secret, skipped };
}

function check<T>(rule: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    throw invalid(cause instanceof MeshError ? `${rule}: ${cause.message}` : rule, cause);
  }
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("MOUNTED_CERTS_INVALID", `cannot serve the mounted certificates: ${rule}`, {
    cause,
  });
}
