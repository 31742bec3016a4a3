import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  type Certificate,
  PkiError,
  parseTrustBundle,
  type TrustBundle,
  type TrustDomain,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import type { Clock } from "@kasbah/runtime";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { policyDnsNames } from "../admission/policy-dns-names.ts";
import { readPassphrase } from "../authorities/keys/passphrase.ts";
import { describeAbsence } from "../authorities/plugged-in/directory/absence.ts";
import {
  loadPluggedInSet,
  type PluggedInSet,
  parsePluggedInSet,
} from "../authorities/plugged-in/load-set.ts";
import { rehearseAlone } from "../authorities/plugged-in/rehearse-set.ts";
import { filesOfSecret } from "../authorities/plugged-in/secret-files.ts";
import { createRehearsal } from "../authorities/rehearsal/rehearse.ts";
import { defaultOwnSpiffeId } from "../config/own-identity.ts";
import { servingNames } from "../config/serving-names.ts";
import { StateError } from "../errors.ts";

/** The configuration of the CA that will use the set. */
export interface TryOptions {
  readonly trustDomain: TrustDomain;
  readonly policy?: string | undefined;
  readonly keyPassphraseFile?: string | undefined;
  readonly serverSan: readonly string[];
  readonly hasNodeProxies: boolean;
  /** A file with the roots that clients hold now. */
  readonly presentRoots?: string | undefined;
  readonly clock: Clock;
}

/** Where the set is: a directory, or the data of a Secret as the API server returns it. */
export type SetLocation =
  | { readonly directory: string }
  | { readonly place: string; readonly data: Readonly<Record<string, string>> };

interface TriedCertificate {
  readonly role: "signer" | "intermediate" | "root";
  readonly subject: string;
  readonly fingerprint: string;
  readonly notAfter: Date;
}

/** A set that works. */
export interface TriedSet {
  /** From the signer up to its root. */
  readonly chain: readonly TriedCertificate[];
  readonly roots: number;
  /** What some clients reject, each with its name. */
  readonly warnings: readonly string[];
}

/**
 * Tries a plugged-in CA as kasbah-server would before its first use, and changes nothing. @throws StateError
 * `PLUGGED_IN_*`, `REHEARSAL_FAILED`, `KEY_PASSPHRASE_*`
 */
export async function trySet(location: SetLocation, options: TryOptions): Promise<TriedSet> {
  const { trustDomain, policy, serverSan, hasNodeProxies, clock } = options;
  const set = await loadSet(location, options);
  const rehearse = createRehearsal({
    ...{ writer: createCertificateWriter(), trustDomain, hasNodeProxies, clock },
    serverNames: servingNames({ additional: serverSan, ownSpiffeId: defaultOwnSpiffeId(trustDomain) }),
    dnsNames: policyDnsNames(policy, trustDomain),
  });
  const warnings = await rehearseAlone(set, await presentRoots(options.presentRoots), rehearse);
  return { chain: chainOf(set), roots: set.roots.roots.length, warnings };
}

async function loadSet(location: SetLocation, options: TryOptions): Promise<PluggedInSet> {
  const { trustDomain, keyPassphraseFile, clock } = options;
  const passphrase = await readPassphrase(keyPassphraseFile);
  const secret = passphrase === undefined ? {} : { passphrase: passphrase.reveal() };
  const how = { trustDomain, now: clock.now(), ...secret };
  if ("data" in location) {
    return parsePluggedInSet(location.place, filesOfSecret(location.place, location.data, "mounted"), how);
  }
  const set = await loadPluggedInSet(location.directory, how);
  if (set !== undefined) return set;
  throw new StateError(
    "PLUGGED_IN_INCOMPLETE",
    `${await describeAbsence(location.directory)}, expected ca-cert.pem, ca-key.pem, cert-chain.pem, root-cert.pem, or tls.crt, tls.key, ca.crt: name the directory that contains a CA`,
  );
}

async function presentRoots(path: string | undefined): Promise<TrustBundle | undefined> {
  if (path === undefined) return undefined;
  try {
    return parseTrustBundle(await readFile(path, "utf8"));
  } catch (cause) {
    const problem =
      cause instanceof PkiError
        ? `${path}: ${cause.message}`
        : await describeReadFailure(path, cause, "correct the path");
    throw new StateError("PLUGGED_IN_REJECTED", `cannot use the present roots in ${problem}`, { cause });
  }
}

function chainOf({ signer, intermediates, root }: PluggedInSet): readonly TriedCertificate[] {
  const describe = (role: TriedCertificate["role"], one: Certificate): TriedCertificate => {
    const subject = (new X509Certificate(one.der).subject ?? "").split("\n").join(", ");
    return { role, subject, fingerprint: one.fingerprint, notAfter: one.notAfter };
  };
  if (signer.certificate.equals(root)) return [describe("root", root)];
  const middle = intermediates.map((one) => describe("intermediate", one));
  return [describe("signer", signer.certificate), ...middle, describe("root", root)];
}
