import { isIP } from "node:net";
import { openElement } from "./der/cursor.ts";
import { type DerElement, parseDer } from "./der/reader.ts";
import { constructedTag, tag } from "./der/tag.ts";
import { PkiError } from "./errors.ts";
import { type GeneralName, type GeneralNameKind, latin1, readGeneralName } from "./general-name.ts";

/** Which names may stand below an issuer (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** Reads the value of the extension. @throws PkiError `DER_MALFORMED` */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const fields = openElement(parseDer(value), tag.sequence, "NameConstraints");
  const permitted = fields.takeOptional(constructedTag(0));
  const excluded = fields.takeOptional(constructedTag(1));
  fields.end();
  const bases = (subtrees: DerElement | undefined) => (subtrees?.children ?? []).map(readSubtree);
  return { permitted: bases(permitted), excluded: bases(excluded) };
}

/** A GeneralSubtree: a base alone, since minimum and maximum have no use in RFC 5280. */
function readSubtree(subtree: DerElement): GeneralName {
  openElement(subtree, tag.sequence, "GeneralSubtree");
  const [base, ...bounds] = subtree.children;
  if (base === undefined || bounds.length > 0) {
    throw new PkiError("DER_MALFORMED", "a subtree of NameConstraints has bounds, or no base");
  }
  return readGeneralName(base);
}

/** The names of a certificate that constraints are about. */
export interface ConstrainedNames {
  readonly subject: Uint8Array;
  readonly names: readonly GeneralName[];
}

/** Why the names of a leaf may not stand below an issuer with these constraints, or nothing. */
export function nameProblem(
  constraints: NameConstraints | undefined,
  { subject, names }: ConstrainedNames,
): string | undefined {
  if (constraints === undefined) return undefined;
  const { permitted, excluded } = constraints;
  const limits = [...permitted, ...excluded];
  if (limits.some(({ kind }) => kind === "directoryName") && subject.length > emptyNameLength) {
    return "constrains subjects, which is not processed here";
  }
  for (const name of names) {
    const sameKind = (limit: GeneralName) => limit.kind === name.kind;
    if (!limits.some(sameKind)) continue;
    const fits = matchers[name.kind];
    if (fits === undefined) return `constrains names of the kind ${name.kind}, which is not processed here`;
    if (excluded.filter(sameKind).some((limit) => fits(name.value, limit.value)))
      return "excludes a name of the leaf";
    const allowed = permitted.filter(sameKind);
    if (allowed.length > 0 && !allowed.some((limit) => fits(name.value, limit.value))) {
      return "does not permit a name of the leaf";
    }
  }
  return undefined;
}

type Matcher = (name: Uint8Array, limit: Uint8Array) => boolean;

/** The DER of a Name without parts. */
const emptyNameLength = 2;

const matchers: Partial<Record<GeneralNameKind, Matcher>> = {
  uniformResourceIdentifier: (name, limit) => isHostWithin(hostOf(latin1(name)), latin1(limit)),
  dNSName: (name, limit) => isDomainWithin(latin1(name), latin1(limit)),
  iPAddress: isAddressWithin,
};

/** With a leading dot any host below it, without one that host alone. */
function isHostWithin(host: string | undefined, limit: string): boolean {
  if (host === undefined || host === "" || isIP(host) !== 0) return false;
  return limit.startsWith(".") ? host.endsWith(limit.toLowerCase()) : host === limit.toLowerCase();
}

function hostOf(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1];
  return authority
    ?.slice(authority.lastIndexOf("@") + 1)
    .replace(/:\d*$/, "")
    .toLowerCase();
}

/** The domain itself and all below it. */
function isDomainWithin(name: string, limit: string): boolean {
  const [domain, within] = [name.toLowerCase(), limit.toLowerCase()];
  return within === "" || domain === within || domain.endsWith(`.${within}`);
}

/** The limit is an address followed by a mask of its length. */
function isAddressWithin(name: Uint8Array, limit: Uint8Array): boolean {
  const { length } = name;
  if (limit.length !== 2 * length) return false;
  return name.every((octet, index) => {
    const mask = limit[length + index] ?? 0;
    return (octet & mask) === ((limit[index] ?? 0) & mask);
  });
}
