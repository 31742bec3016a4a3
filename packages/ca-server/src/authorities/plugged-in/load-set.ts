import {
  type BundleFile,
  type Certificate,
  findCertificates,
  type KeyPair,
  PkiError,
  type PublicKey,
  parseCertificate,
  parsePrivateKey,
  readBundle,
  type SkippedRoot,
  type TrustBundle,
  type TrustDomain,
} from "@kasbah/pki";
import { StateError } from "../../errors.ts";
import type { SigningPair } from "../keys/authority-files.ts";
import { describeAbsence, pluggedInMissing } from "./directory/absence.ts";
import { type PluggedInFiles, readPluggedInFiles } from "./files.ts";
import { chainFileOf, type PluggedInNames } from "./layout.ts";
import { broken, chainOf } from "./rules.ts";

/** A CA that the operator provides: a signing key and its chain. Every check has passed. */
export interface PluggedInSet {
  readonly signer: SigningPair;
  /** Between the signer and its root, the signer's own issuer first. */
  readonly intermediates: readonly Certificate[];
  /** The root at the end of the signer's chain; the signer itself if it is a root. */
  readonly root: Certificate;
  /** All roots in the operator's file. */
  readonly roots: TrustBundle;
  /** The blocks of the operator's file that are not usable roots. They are not trusted. */
  readonly skipped: readonly SkippedRoot[];
  readonly digest: string;
  /** The names of its files, for messages. */
  readonly names: PluggedInNames;
}

export interface PluggedInOptions {
  /** If the chain has name constraints, they must permit this trust domain's SPIFFE IDs. */
  readonly trustDomain: TrustDomain;
  readonly passphrase?: string;
  readonly now: Date;
}

/**
 * Enough for every public CA. The control state in a Secret and the published ConfigMap, of at most 1 MiB each,
 * contain the roots of two sets while a root is replaced.
 */
const maxRootsLength = 384 * 1024;

/**
 * Loads the CA in a directory; undefined if none of its files exists. A bad revocation list is ignored.
 * @throws StateError `PLUGGED_IN_INCOMPLETE`, `PLUGGED_IN_REJECTED`, `AUTHORITY_KEY_EXPOSED` or
 * `KEY_PASSPHRASE_*`
 */
export async function loadPluggedInSet(
  directory: string,
  options: PluggedInOptions,
): Promise<PluggedInSet | undefined> {
  const files = await readPluggedInFiles(directory);
  return files === undefined ? undefined : parsePluggedInSet(directory, files, options);
}

/** Like {@link loadPluggedInSet}, for a directory that must contain a CA. @throws StateError */
export async function requirePluggedInSet(
  directory: string,
  options: PluggedInOptions,
): Promise<PluggedInSet> {
  const set = await loadPluggedInSet(directory, options);
  if (set === undefined) throw pluggedInMissing(await describeAbsence(directory));
  return set;
}

/**
 * Parses the CA in these files.
 *
 * @param place their location, for messages
 * @throws StateError `PLUGGED_IN_INCOMPLETE`, `PLUGGED_IN_REJECTED`, `KEY_PASSPHRASE_*`
 */
export function parsePluggedInSet(
  place: string,
  files: PluggedInFiles,
  { passphrase, trustDomain, now }: PluggedInOptions,
): PluggedInSet {
  const { names } = files;
  return withPlace(place, () => {
    const [signer, ...following] = certificatesOf(files.certificate, names.certificate);
    if (signer === undefined) throw empty(names.certificate, "the signing certificate");
    const keyPair = keyOf(files.key, names.key, passphrase);
    if (!keyPair.publicKey.equals(signer.publicKey)) throw notAPair(names, keyPair, signer);
    const { bundle: roots, skipped } = rootsOf(files.roots, names.roots);
    const candidates = [...following, ...certificatesOf(files.chain, chainFileOf(names))];
    const material = { signer, candidates, roots: roots.roots, now };
    const chain = chainOf(material, { names, trustDomain, now, skipped });
    return {
      signer: { certificate: signer, keyPair },
      ...chain,
      roots,
      skipped,
      digest: files.digest,
      names,
    };
  });
}

function withPlace<T>(place: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const { code, message, cause } = error;
    throw new StateError(code, `cannot use the CA in ${place}: ${message}`, { cause });
  }
}

function certificatesOf(text: string, name: string): readonly Certificate[] {
  return parsed(name, () => findCertificates(text, parseCertificate));
}

function rootsOf(text: string, name: string): BundleFile {
  const read = parsed(name, () => readBundle(text));
  const { length } = read.bundle.toPem();
  if (length <= maxRootsLength) return read;
  throw broken(
    `${name} has ${length} characters of roots, expected at most ${maxRootsLength}, which is the most that clients accept: remove unused roots`,
  );
}

function keyOf(text: string, name: string, passphrase: string | undefined): KeyPair {
  return parsed(name, () => parsePrivateKey(text, passphrase));
}

function empty(name: string, expected: string): StateError {
  return broken(`${name} contains no certificate, expected ${expected}: add it as PEM`);
}

function notAPair({ key, certificate }: PluggedInNames, { publicKey }: KeyPair, signer: Certificate) {
  const hash = (one: PublicKey) => `${one.type}, SHA-256 ${one.hash.slice(0, 16)}`;
  return broken(
    `${key} is not the key of ${certificate}: its public key is ${hash(publicKey)}, expected ${hash(signer.publicKey)}: use a key and a certificate that match`,
  );
}

function parsed<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    if (!(cause instanceof PkiError)) throw cause;
    if (cause.code === "KEY_ENCRYPTED") {
      const message = `cannot read ${name}: ${cause.message}; set --key-passphrase-file to the file with the passphrase`;
      throw new StateError("KEY_PASSPHRASE_MISSING", message, { cause });
    }
    if (cause.code === "KEY_PASSPHRASE_WRONG") {
      const message = `cannot decrypt ${name} with the passphrase in --key-passphrase-file`;
      throw new StateError("KEY_PASSPHRASE_WRONG", message, { cause });
    }
    throw broken(`cannot use ${name}: ${cause.message}`, cause);
  }
}
