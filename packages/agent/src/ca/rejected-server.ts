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

/** Why a server is not trusted. The kind says what a caller can find out next. */
export interface ServerProblem {
  readonly kind: "none" | "names" | "early" | "late" | "unverified" | "unknown-issuer";
  readonly problem: string;
  /** An imperative; undefined if the facts show none. */
  readonly fix: string | undefined;
}

/** Says why the certificate of a server does not verify, with the facts of both sides, and what to change. */
export function describeRejectedServer(rejection: ServerRejection, expected: ExpectedServer): string {
  const { kind, problem, fix } = explainRejectedServer(rejection, expected);
  if (fix === undefined) return problem;
  return `${problem}${kind === "early" ? ": " : "; "}${fix}`;
}

/** Like {@link describeRejectedServer}, in parts. */
export function explainRejectedServer(
  { chain, code }: ServerRejection,
  expected: ExpectedServer,
): ServerProblem {
  const [leaf, ...issuers] = chain.map((der) => new X509Certificate(der));
  if (leaf === undefined) {
    return { kind: "none", problem: `the server sent no certificate (${code})`, fix: undefined };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return explainNames(leaf, expected.serverName);
  const last = issuers.at(-1) ?? leaf;
  const roots = findCertificates(expected.rootsPem, (der) => new X509Certificate(der));
  const above = roots.filter((root) => last.checkIssued(root) && last.verify(root.publicKey));
  const certificates = [leaf, ...issuers, ...above];
  const early = certificates.find(({ validFromDate }) => validFromDate > expected.now);
  if (early !== undefined) return explainEarly(early, expected);
  const late = certificates.find(({ validToDate }) => validToDate < expected.now);
  if (late !== undefined) return explainLate(late, expected.now);
  if (above.length === 0) return explainUnknownIssuer(last, code, roots, expected.rootsPlace);
  const problem = `its chain, from ${describe(leaf)}, does not verify (${code})`;
  return { kind: "unverified", problem, fix: undefined };
}

function explainNames(leaf: X509Certificate, serverName: string): ServerProblem {
  const names = shown(leaf.subjectAltName ?? "no name");
  const problem = `its certificate is for ${names}, not for ${serverName}`;
  const fix = "correct the address, or set --ca-server-name to a name of the certificate";
  return { kind: "names", problem, fix };
}

function explainEarly(one: X509Certificate, { now, clockOffsetMs = 0 }: ExpectedServer): ServerProblem {
  const behind = formatDuration(secondsBetween(now, one.validFromDate));
  const ahead = Math.floor(clockOffsetMs / 1_000) * 1_000;
  const measured = ahead > 0 ? ` (by ${formatDuration(ahead)} when the CA last replied)` : "";
  const problem = `${describe(one)} is not valid before ${one.validFromDate.toISOString()}; the local clock is behind by at least ${behind}${measured}, unless the CA's clock is wrong`;
  return { kind: "early", problem, fix: "set the local clock" };
}

function explainLate(one: X509Certificate, now: Date): ServerProblem {
  const late = formatDuration(secondsBetween(one.validToDate, now));
  const problem = `${describe(one)} expired ${late} ago (${one.validToDate.toISOString()})`;
  return { kind: "late", problem, fix: "renew it, or set the local clock if it is ahead" };
}

function explainUnknownIssuer(
  last: X509Certificate,
  code: string,
  roots: readonly X509Certificate[],
  rootsPlace: string,
): ServerProblem {
  const isRoot = last.checkIssued(last);
  const end = isRoot
    ? `its chain ends in the root ${describe(last)}`
    : `its chain ends in ${describe(last)}, issued by ${named(last.issuer)}${keyOf(last)}`;
  const isNamesake = roots.some(({ subject }) => subject === last.issuer);
  const namesake = isNamesake ? ": the same name, but another key" : "";
  const more = roots.length > maxRoots ? ` and ${roots.length - maxRoots} more` : "";
  const trusted = `${roots.slice(0, maxRoots).map(describe).join(", ")}${more}`;
  const problem = `no trusted root issued its certificate (${code}): ${end}; the agent trusts ${trusted}${namesake}`;
  const fix = `if this is the right CA, replace ${rootsPlace} by its roots, otherwise correct --ca-address`;
  return { kind: "unknown-issuer", problem, fix };
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
