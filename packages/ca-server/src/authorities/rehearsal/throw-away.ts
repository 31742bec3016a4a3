import { type Certificate, createKeyPair, createSerial, leafValidity, type TrustDomain } from "@kasbah/pki";
import type { CertificateWriter, SubjectAltName } from "@kasbah/pki/certificate-writer";
import type { Candidate } from "./candidate.ts";

/** A certificate for one handshake, with its chain. Its key is never stored. */
export interface ThrowAway {
  /** "a workload certificate", for messages. */
  readonly what: string;
  readonly leaf: Certificate;
  readonly chainPem: string;
  readonly keyPem: string;
}

export interface ThrowAwayDeps {
  readonly writer: CertificateWriter;
  readonly trustDomain: TrustDomain;
  /** The names of the CA's own serving certificate. */
  readonly serverNames: readonly SubjectAltName[];
  /** The DNS names that the policy may add to workload certificates. */
  readonly dnsNames: readonly string[];
  readonly now: Date;
}

export interface ThrowAways {
  readonly workloads: readonly [ThrowAway, ...ThrowAway[]];
  readonly serving: ThrowAway;
}

const lifetimeMs = 600_000;

/** A certificate of 12 KB is too large for clients, so long lists of names are split. */
const maxNamesLength = 4_000;
const maxWorkloads = 50;

/** Signs throw-away certificates with the names of all that the CA will issue. */
export async function createThrowAways(candidate: Candidate, deps: ThrowAwayDeps): Promise<ThrowAways> {
  const { trustDomain, serverNames, dnsNames } = deps;
  const uri = { kind: "uri", value: `spiffe://${trustDomain.name}/ns/kasbah/sa/rehearsal` } as const;
  const [first = [], ...rest] = groupsOf(dnsNames).slice(0, maxWorkloads);
  const workload = (names: readonly string[]) => {
    const added = names.map((value) => ({ kind: "dns", value }) as const);
    return sign("a workload certificate", [uri, ...added], candidate, deps);
  };
  return {
    workloads: [await workload(first), ...(await Promise.all(rest.map(workload)))],
    serving: await sign("the CA's serving certificate", serverNames, candidate, deps),
  };
}

async function sign(
  what: string,
  subjectAltNames: readonly SubjectAltName[],
  { signer, intermediates, root }: Candidate,
  { writer, now }: ThrowAwayDeps,
): Promise<ThrowAway> {
  const keyPair = await createKeyPair("P-256");
  const { certificate } = signer;
  const validity = leafValidity({ now, ttlMs: lifetimeMs, issuerNotAfter: certificate.notAfter });
  const template = { serial: createSerial(), validity, publicKey: keyPair.publicKey, subjectAltNames };
  const leaf = await writer.writeLeaf(template, { certificate, signingKey: signer.keyPair });
  const above = certificate.equals(root) ? [] : [certificate, ...intermediates];
  const chainPem = [leaf, ...above].map((one) => one.toPem()).join("");
  return { what, leaf, chainPem, keyPem: keyPair.toPkcs8Pem() };
}

function groupsOf(names: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  let length = maxNamesLength;
  for (const name of names) {
    length += name.length;
    if (length > maxNamesLength) {
      groups.push([]);
      length = name.length;
    }
    groups.at(-1)?.push(name);
  }
  return groups;
}
