import { equalBytes } from "../bytes.ts";
import { isDirectoryNameWithin } from "../names/directory-name.ts";
import { type GeneralNameKind, latin1 } from "../names/general-name.ts";

/** Whether the name is in the subtree of the base; undefined if the form of either cannot be evaluated. */
export type Matcher = (name: Uint8Array, base: Uint8Array) => boolean | undefined;

/** The kinds of names whose constraints are processed (RFC 5280 §4.2.1.10). */
export const matchers: Partial<Readonly<Record<GeneralNameKind, Matcher>>> = {
  uniformResourceIdentifier: (name, base) => isHostWithin(hostOf(latin1(name)), latin1(base).toLowerCase()),
  dNSName: (name, base) => isDomainWithin(latin1(name).toLowerCase(), latin1(base).toLowerCase()),
  iPAddress: isAddressWithin,
  directoryName: isDirectoryNameWithin,
};

/** One or more labels. Host names have no underscores, but SPIFFE trust domains may. */
const labels = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** Parsers that follow the WHATWG URL standard read a host whose last label is numeric as an IPv4 address. */
const endsAsAddress = /(^|\.)[0-9]+$/;

/**
 * With a leading dot: every host below the domain, but not the domain itself. Without one: only that host.
 */
function isHostWithin(host: string | undefined, base: string): boolean | undefined {
  const domain = base.startsWith(".") ? base.slice(1) : base;
  if (host === undefined || !labels.test(domain)) return undefined;
  return base.startsWith(".") ? host.endsWith(base) : host === base;
}

/**
 * The host of a URI; undefined if there is none or it is an address, since RFC 5280 rejects such URIs. Also
 * undefined for user names, escapes and a trailing dot, because other parsers may find a different host
 * there.
 */
function hostOf(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/.exec(uri.toLowerCase())?.[1];
  const host = authority?.replace(/:[0-9]*$/, "");
  return host !== undefined && labels.test(host) && !endsAsAddress.test(host) ? host : undefined;
}

/**
 * The domain and everything below it. RFC 5280 does not define a leading dot, so it is read as other
 * implementations read it.
 */
function isDomainWithin(name: string, base: string): boolean | undefined {
  const domain = base.startsWith(".") ? base.slice(1) : base;
  // A wildcard covers names both inside and outside a subtree.
  if (!labels.test(name) || (base !== "" && !labels.test(domain))) return undefined;
  if (base === "") return true;
  return base.startsWith(".") ? name.endsWith(base) : name === base || name.endsWith(`.${base}`);
}

/**
 * The base is an address followed by a CIDR mask. IPv4 and IPv6 subtrees never match each other's addresses.
 */
function isAddressWithin(name: Uint8Array, base: Uint8Array): boolean | undefined {
  const isAddress = name.length === 4 || name.length === 16;
  if (!isAddress || (base.length !== 8 && base.length !== 32)) return undefined;
  const mask = base.subarray(base.length / 2);
  if (!/^1*0*$/.test([...mask].map((octet) => octet.toString(2).padStart(8, "0")).join(""))) return undefined;
  const masked = (octets: Uint8Array) => octets.map((octet, index) => octet & (mask[index] ?? 0));
  return name.length === mask.length && equalBytes(masked(name), masked(base.subarray(0, mask.length)));
}
