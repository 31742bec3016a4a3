import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  findPemBlocks,
  type KeyPair,
  PkiError,
  parseCertificate,
  parsePrivateKey,
  TrustBundle,
  type TrustDomain,
  verifyAuthorityChain,
} from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { SigningPair } from "../keys/authority-files.ts";
import { type PluggedInFiles, readPluggedInFiles } from "./plugged-in-files.ts";

/** A CA that the operator made: a key that signs, and what it chains to. Every check has passed. */
export interface PluggedInSet {
  readonly signer: SigningPair;
  /** Between the signer and its root, the signer's own issuer first. */
  readonly intermediates: readonly Certificate[];
  /** The root that the signer chains to; the signer itself when it is one. */
  readonly root: Certificate;
  /** All roots of the operator's file. */
  readonly roots: TrustBundle;
  readonly digest: string;
}

export interface PluggedInOptions {
  /** Whose SPIFFE IDs the name constraints of the chain, if it has any, must permit. */
  readonly trustDomain: TrustDomain;
  readonly passphrase?: string;
  readonly now: Date;
}

/** More than any chain has, and a bound on the search for one. */
const maxChain = 4;

/** id-kp-serverAuth and id-kp-clientAuth: an issuer that is limited to less may not issue what we issue. */
const requiredKeyUsages = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/**
 * Loads the CA in a directory; undefined when none of its files is there. The certificate revocation list that may lie
 * beside them plays no part, so that a bad one can not block a good key.
 *
 * @throws StateError `PLUGGED_IN_INCOMPLETE`, `PLUGGED_IN_REJECTED`, `AUTHORITY_KEY_EXPOSED`, `KEY_PASSPHRASE_*`
 */
export async function loadPluggedInSet(
  directory: string,
  options: PluggedInOptions,
): Promise<PluggedInSet | undefined> {
  const files = await readPluggedInFiles(directory);
  return files === undefined ? undefined : parseSet(directory, files, options);
}

function parseSet(
  directory: string,
  files: PluggedInFiles,
  { passphrase, trustDomain, now }: PluggedInOptions,
): PluggedInSet {
  const { names } = files;
  const [certificate, ...following] = certificatesOf(files.certificate, names.certificate, directory);
  if (certificate === undefined) throw rejected(directory, `${names.certificate} holds no certificate`);
  const keyPair = keyOf(files.key, names.key, directory, passphrase);
  if (!keyPair.publicKey.equals(certificate.publicKey)) {
    throw rejected(directory, `${names.key} is not the key of ${names.certificate}`);
  }
  const roots = rootsOf(files.roots, names.roots, directory);
  const candidates = [...following, ...certificatesOf(files.chain, names.chain ?? "", directory)];
  const { intermediates, root } = chainOf(certificate, candidates, roots, directory);
  checkKeyUsages([certificate, ...intermediates], directory);
  parsed(directory, names.certificate, () => {
    const bundle = TrustBundle.from([root]);
    verifyAuthorityChain({ authority: certificate, intermediates, bundle, trustDomain, now });
  });
  return { signer: { certificate, keyPair }, intermediates, root, roots, digest: files.digest };
}

function certificatesOf(text: string, name: string, directory: string): readonly Certificate[] {
  return parsed(directory, name, () =>
    findPemBlocks(text)
      .filter(({ label }) => label === "CERTIFICATE")
      .map(({ der }) => parseCertificate(der)),
  );
}

function rootsOf(text: string, name: string, directory: string): TrustBundle {
  const roots = certificatesOf(text, name, directory);
  if (roots.length === 0) throw rejected(directory, `${name} holds no certificate`);
  return parsed(directory, name, () => TrustBundle.from(roots));
}

function keyOf(text: string, name: string, directory: string, passphrase: string | undefined): KeyPair {
  const keys = parsed(directory, name, () =>
    findPemBlocks(text).filter(({ label }) => label.endsWith("PRIVATE KEY")),
  );
  const [key, ...more] = keys;
  if (key === undefined || more.length > 0) {
    throw rejected(directory, `${name} holds ${keys.length} private keys, expected one`);
  }
  return parsed(directory, name, () => parsePrivateKey(key.pem, passphrase));
}

/** Finds the way from the signer to a root; the order and repetitions in the operator's files do not matter. */
function chainOf(
  signer: Certificate,
  candidates: readonly Certificate[],
  { roots }: TrustBundle,
  directory: string,
): { intermediates: readonly Certificate[]; root: Certificate } {
  const own = roots.find(({ fingerprint }) => fingerprint === signer.fingerprint);
  if (own !== undefined) return { intermediates: [], root: own };
  const intermediates: Certificate[] = [];
  for (let child = signer; ; ) {
    const root = roots.find((each) => child.isIssuedBy(each));
    if (root !== undefined) return { intermediates, root };
    const issuer = candidates.find((each) => child.isIssuedBy(each) && !each.isIssuedBy(each));
    if (issuer === undefined || intermediates.length === maxChain) {
      throw rejected(
        directory,
        "no root in root-cert.pem (or ca.crt) is above the signing certificate: add the missing intermediates to cert-chain.pem (or tls.crt)",
      );
    }
    intermediates.push(issuer);
    child = issuer;
  }
}

function checkKeyUsages(chain: readonly Certificate[], directory: string): void {
  for (const { der } of chain) {
    const usages = new X509Certificate(der).keyUsage;
    if (usages === undefined || requiredKeyUsages.every((usage) => usages.includes(usage))) continue;
    throw rejected(
      directory,
      "an extended key usage of its chain excludes serverAuth or clientAuth, which every workload needs",
    );
  }
}

function parsed<T>(directory: string, name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    if (cause.code === "KEY_ENCRYPTED") {
      const message = `${name} in ${directory} can not be read: ${cause.message}; name the passphrase's file with --key-passphrase-file`;
      throw new StateError("KEY_PASSPHRASE_MISSING", message, { cause });
    }
    if (cause.code === "KEY_PASSPHRASE_WRONG") {
      const message = `${name} in ${directory} does not open with the passphrase of --key-passphrase-file`;
      throw new StateError("KEY_PASSPHRASE_WRONG", message, { cause });
    }
    throw rejected(directory, `${name} can not be used: ${cause.message}`, cause);
  }
}

function rejected(directory: string, reason: string, cause?: unknown): StateError {
  return new StateError("PLUGGED_IN_REJECTED", `the CA in ${directory} is not used: ${reason}`, { cause });
}
