import { join } from "node:path";
import {
  type Certificate,
  findPemBlocks,
  type KeyFormat,
  parseCertificate,
  parsePrivateKey,
  TrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { readBoundedFile } from "../bounded-file.ts";
import { AgentError } from "../errors.ts";
import { chainEnd } from "../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";
import { mountedNames } from "./find-mounted-certs.ts";

/** The three files as they were read. */
export interface MountedFiles {
  readonly chain: string;
  readonly key: string;
  readonly roots: string;
}

const maxFileBytes = 256 * 1024;

/** Somebody else renews these; when this share of their life is left and they have not, it is overdue. */
const overdueShare = 0.2;

export async function readMountedFiles(directory: string): Promise<MountedFiles> {
  const read = (name: string) => readBoundedFile(join(directory, name), maxFileBytes);
  const [chain, key, roots] = await Promise.all([
    read(mountedNames.chain),
    read(mountedNames.key),
    read(mountedNames.roots),
  ]);
  return { chain, key, roots };
}

/**
 * The secret that the files make: the key is the leaf's, the chain verifies under the roots now, and the leaf is an
 * X.509-SVID, whose name becomes ours. Throws MOUNTED_CERTS_INVALID naming the rule that failed.
 */
export function parseMountedSecret(files: MountedFiles, keyFormat: KeyFormat, now: Date): WorkloadSecret {
  const keyPair = check(`${mountedNames.key} cannot be read`, () => parsePrivateKey(files.key));
  const [leaf, ...rest] = check(`${mountedNames.chain} cannot be read`, () => certificatesIn(files.chain));
  const bundle = check(`${mountedNames.roots} cannot be read`, () =>
    TrustBundle.from(certificatesIn(files.roots)),
  );
  if (leaf === undefined) throw invalid(`${mountedNames.chain} holds no certificate`);
  if (!leaf.publicKey.equals(keyPair.publicKey)) {
    throw invalid(`${mountedNames.key} is not the key of ${mountedNames.chain}`);
  }
  const { spiffeId } = leaf;
  if (spiffeId === undefined) {
    throw invalid("the certificate does not have exactly one SPIFFE ID; serve others as file-cert: names");
  }
  const intermediates = rest.filter((one) => !one.isIssuedBy(one));
  check(`${mountedNames.chain} does not verify under ${mountedNames.roots}`, () =>
    verifyChain({ leaf, intermediates, bundle, now }),
  );
  const chain = [leaf, ...intermediates];
  const notAfter = chainEnd(chain);
  const lifeMs = notAfter.getTime() - leaf.notBefore.getTime();
  const rotateAt = new Date(notAfter.getTime() - overdueShare * lifeMs);
  return { spiffeId, keyPair, keyFormat, leaf, intermediates, bundle, receivedAt: now, notAfter, rotateAt };
}

/** Files of people's own: `openssl x509 -text` writes words around the blocks. */
function certificatesIn(text: string): readonly Certificate[] {
  const blocks = findPemBlocks(text).filter(({ label }) => label === "CERTIFICATE");
  return blocks.map(({ der }) => parseCertificate(der));
}

function check<T>(rule: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    throw invalid(rule, cause);
  }
}

function invalid(rule: string, cause?: unknown): AgentError {
  return new AgentError("MOUNTED_CERTS_INVALID", `the mounted certificates are not served: ${rule}`, {
    cause,
  });
}
