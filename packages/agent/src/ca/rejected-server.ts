import { X509Certificate } from "node:crypto";
import { Certificate, findCertificates, MeshError } from "@kasbah/pki";
import { formatDuration } from "@kasbah/runtime";
import type { ServerRejection } from "@kasbah/runtime/grpc-http2";

/** What the agent expected of the server. */
export interface ExpectedServer {
  /** The trusted roots. */
  readonly rootsPem: string;
  /** Where an operator changes them: the path of the root file, or SYSTEM. */
  readonly rootsPlace: string;
  /** The name that the certificate must contain. */
  readonly serverName: string;
  readonly now: Date;
  /** How far the CA's clock was ahead of the local clock when it was last measured. */
  readonly clockOffsetMs?: number | undefined;
}

/** The server chooses its names, so only a few characters of them appear in a message. */
const maxShown = 200;
const maxRoots = 3;

/** Says why the certificate of a server does not verify, with the facts of both sides, and what to change. */
export function describeRejectedServer({ chain, code }: ServerRejection, expected: ExpectedServer): string {
  const [leaf, ...issuers] = chain.map((der) => new X509Certificate(der));
  if (leaf === undefined) return `the server sent no certificate (${code})`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return describeNames(leaf, expected.serverName);
  const last = issuers.at(-1) ?? leaf;
  const roots = findCertificates(expected.rootsPem, (der) => new X509Certificate(der));
  const above = roots.filter((root) => last.checkIssued(root) && last.verify(root.publicKey));
  const certificates = [leaf, ...issuers, ...above];
  const early = certificates.find(({ validFromDate }) => validFromDate > expected.now);
  if (early !== undefined) return describeEarly(early, expected);
  const late = certificates.find(({ validToDate }) => validToDate < expected.now);
  if (late !== undefined) return describeLate(late, expected.now);
  if (above.length > 0) return `its chain, from ${describe(leaf)}, does not verify (${code})`;
  return describeUnknownIssuer(last, code, roots, expected.rootsPlace);
}

function describeNames(leaf: X509Certificate, serverName: string): string {
  const names = leaf.subjectAltName ?? "no name";
  return `its certificate is for ${shown(names)}, not for ${serverName}; correct the address, or set --ca-server-name to a name of the certificate`;
}

function describeEarly(one: X509Certificate, { now, clockOffsetMs = 0 }: ExpectedServer): string {
  const behind = formatDuration(secondsBetween(now, one.validFromDate));
  const ahead = Math.floor(clockOffsetMs / 1_000) * 1_000;
  const measured = ahead > 0 ? ` (by ${formatDuration(ahead)} when the CA last replied)` : "";
  return `${describe(one)} is not valid before ${one.validFromDate.toISOString()}; the local clock is behind by at least ${behind}${measured}, unless the CA's clock is wrong: set the local clock`;
}

function describeLate(one: X509Certificate, now: Date): string {
  const late = formatDuration(secondsBetween(one.validToDate, now));
  return `${describe(one)} expired ${late} ago (${one.validToDate.toISOString()}); renew it, or set the local clock if it is ahead`;
}

function describeUnknownIssuer(
  last: X509Certificate,
  code: string,
  roots: readonly X509Certificate[],
  rootsPlace: string,
): string {
  const isRoot = last.checkIssued(last);
  const end = isRoot
    ? `its chain ends in the root ${describe(last)}`
    : `its chain ends in ${describe(last)}, issued by ${named(last.issuer)}${keyOf(last)}`;
  const isNamesake = roots.some(({ subject }) => subject === last.issuer);
  const namesake = isNamesake ? ": the same name, but another key" : "";
  const more = roots.length > maxRoots ? ` and ${roots.length - maxRoots} more` : "";
  const trusted = `${roots.slice(0, maxRoots).map(describe).join(", ")}${more}`;
  const fix = `if this is the right CA, replace ${rootsPlace} by its roots, otherwise correct --ca-address`;
  return `no trusted root issued its certificate (${code}): ${end}; the agent trusts ${trusted}${namesake}; ${fix}`;
}

/** The identifier of the key that issued a certificate (RFC 5280 §4.2.1.1), with which a root can be found. */
function keyOf(child: X509Certificate): string {
  try {
    const { authorityKeyIdentifier: id } = new Certificate(child.raw).extensions;
    return id === undefined ? "" : `, key ID ${Buffer.from(id).toString("hex")}`;
  } catch (error) {
    if (error instanceof MeshError) return "";
    throw error;
  }
}

function describe({ subject, fingerprint256 }: X509Certificate): string {
  return `${named(subject)} (SHA-256 ${fingerprint256.replaceAll(":", "").toLowerCase()})`;
}

function named(name: string | undefined): string {
  return name === undefined || name === ""
    ? "a certificate without a subject"
    : shown(name.split("\n").join(", "));
}

function shown(names: string): string {
  return JSON.stringify(names.slice(0, maxShown));
}

function secondsBetween(from: Date, to: Date): number {
  return Math.ceil((to.getTime() - from.getTime()) / 1_000) * 1_000;
}
