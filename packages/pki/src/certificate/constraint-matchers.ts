import { equalBytes } from "../bytes.ts";
import { isDirectoryNameWithin } from "../names/directory-name.ts";
import { type GeneralNameKind, latin1 } from "../names/general-name.ts";

/** Whether the name is in the subtree of the base; nothing when one of them has no form that can be judged. */
export type Matcher = (name: Uint8Array, base: Uint8Array) => boolean | undefined;

/** The kinds of names whose constraints are processed (RFC 5280 §4.2.1.10). */
export const matchers: Partial<Readonly<Record<GeneralNameKind, Matcher>>> = {
  uniformResourceIdentifier: (name, base) => isHostWithin(hostOf(latin1(name)), latin1(base).toLowerCase()),
  dNSName: (name, base) => isDomainWithin(latin1(name).toLowerCase(), latin1(base).toLowerCase()),
  iPAddress: isAddressWithin,
  directoryName: isDirectoryNameWithin,
};

/** One or more labels. Underscores are no host name's, but SPIFFE's trust domains may have them. */
const labels = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;

/** A last label of digits makes an address of the whole wherever URLs are parsed as browsers do. */
const endsAsAddress = /(^|\.)[0-9]+$/;

/** With a leading dot every host below the domain and not the domain itself, without one that host alone. */
function isHostWithin(host: string | undefined, base: string): boolean | undefined {
  const domain = base.startsWith(".") ? base.slice(1) : base;
  if (host === undefined || !labels.test(domain)) return undefined;
  return base.startsWith(".") ? host.endsWith(base) : host === base;
}

/**
 * The host of a URI. Nothing when there is none or it is an address, as RFC 5280 wants such a URI refused, and
 * nothing for user names, escapes, and a dot at the end: other readers may see another host there.
 */
function hostOf(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/.exec(uri.toLowerCase())?.[1];
  const host = authority?.replace(/:[0-9]*$/, "");
  return host !== undefined && labels.test(host) && !endsAsAddress.test(host) ? host : undefined;
}

/** The domain itself and all below it; with a leading dot, which RFC 5280 does not know, what others read it as. */
function isDomainWithin(name: string, base: string): boolean | undefined {
  const domain = base.startsWith(".") ? base.slice(1) : base;
  // A wildcard stands for names inside and outside of a subtree.
  if (!labels.test(name) || (base !== "" && !labels.test(domain))) return undefined;
  if (base === "") return true;
  return base.startsWith(".") ? name.endsWith(base) : name === base || name.endsWith(`.${base}`);
}

/** The base is an address followed by the mask of a CIDR block; the families know nothing of each other. */
function isAddressWithin(name: Uint8Array, base: Uint8Array): boolean | undefined {
  const isAddress = name.length === 4 || name.length === 16;
  if (!isAddress || (base.length !== 8 && base.length !== 32)) return undefined;
  const mask = base.subarray(base.length / 2);
  if (!/^1*0*$/.test([...mask].map((octet) => octet.toString(2).padStart(8, "0")).join(""))) return undefined;
  const masked = (octets: Uint8Array) => octets.map((octet, index) => octet & (mask[index] ?? 0));
  return name.length === mask.length && equalBytes(masked(name), masked(base.subarray(0, mask.length)));
}
