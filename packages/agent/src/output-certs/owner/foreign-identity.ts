import { join } from "node:path";
import { parseCertificates, type SpiffeId } from "@kasbah/pki";
import type { PublishedFile } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";

const maxFileBytes = 512 * 1024;

/** The SPIFFE ID in the certificate of another workload that is in the place of one of these files, if there is one. */
export async function foreignIdentity(
  directory: string,
  files: readonly PublishedFile[],
  own: SpiffeId,
): Promise<SpiffeId | undefined> {
  for (const { name } of files) {
    const found = await readBoundedFile(join(directory, name), maxFileBytes)
      .then(identityIn)
      // Missing, or not a file of certificates.
      .catch(() => undefined);
    if (found !== undefined && !found.equals(own)) return found;
  }
  return undefined;
}

/** Undefined for a root, which identifies no workload. */
function identityIn(pem: string): SpiffeId | undefined {
  const [leaf] = parseCertificates(pem);
  return leaf?.isCa === true ? undefined : leaf?.spiffeId;
}
