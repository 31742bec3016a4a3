import { openElement } from "../der/cursor.ts";
import { type DerElement, parseDer } from "../der/reader.ts";
import { constructedTag, tag } from "../der/tag.ts";
import { PkiError } from "../errors.ts";
import { type GeneralName, ipAddressText, latin1, readGeneralName } from "../names/general-name.ts";
import { matchers } from "./constraint-matchers.ts";

/** The names permitted and excluded below an issuer (RFC 5280 §4.2.1.10). */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/**
 * Honest certificates have a handful of each. A hostile pair of thousands each would cost millions of
 * comparisons.
 */
const maxComparisons = 10_000;

/** Reads the value of the extension. @throws PkiError `DER_MALFORMED` */
export function readNameConstraints(value: Uint8Array): NameConstraints {
  const fields = openElement(parseDer(value), tag.sequence, "NameConstraints");
  const permitted = fields.takeOptional(constructedTag(0));
  const excluded = fields.takeOptional(constructedTag(1));
  fields.end();
  if (permitted === undefined && excluded === undefined) throw empty();
  return { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) };
}

function readSubtrees(subtrees: DerElement | undefined): readonly GeneralName[] {
  if (subtrees?.children.length === 0) throw empty();
  return (subtrees?.children ?? []).map(readSubtree);
}

/** A GeneralSubtree with a base only, since RFC 5280 does not use minimum and maximum. */
function readSubtree(subtree: DerElement): GeneralName {
  openElement(subtree, tag.sequence, "GeneralSubtree");
  const [base, ...bounds] = subtree.children;
  if (base === undefined || bounds.length > 0) {
    throw new PkiError("DER_MALFORMED", "a subtree of NameConstraints has bounds, or no base");
  }
  return readGeneralName(base);
}

/**
 * Returns the reason why the constraints of an issuer forbid one of the names, if any. Names of an
 * unconstrained kind are allowed. A constrained name that cannot be evaluated is rejected, because "not
 * excluded" may be wrong.
 */
export function nameProblem(
  constraints: NameConstraints | undefined,
  names: readonly GeneralName[],
): string | undefined {
  if (constraints === undefined) return undefined;
  const { permitted, excluded } = constraints;
  if ((permitted.length + excluded.length) * names.length > maxComparisons) {
    return "constrains too many names";
  }
  for (const name of names) {
    const sameKind = ({ kind }: GeneralName) => kind === name.kind;
    const problem = judge(name, permitted.filter(sameKind), excluded.filter(sameKind));
    if (problem !== undefined) return `${problem}${shown(name)}`;
  }
  return undefined;
}

/** Only text without control characters is shown, because a peer may have chosen it. */
function shown({ kind, value }: GeneralName): string {
  if (kind === "iPAddress") return ` (${ipAddressText(value) ?? "an invalid address"})`;
  const text = latin1(value);
  return /^[\x21-\x7e]{1,200}$/.test(text) ? ` (${text})` : "";
}

function judge(
  { kind, value }: GeneralName,
  permitted: readonly GeneralName[],
  excluded: readonly GeneralName[],
): string | undefined {
  if (permitted.length + excluded.length === 0) return undefined;
  const isWithin = matchers[kind];
  if (isWithin === undefined) return `constrains names of the kind ${kind}, which is not supported`;
  const inExcluded = excluded.map((base) => isWithin(value, base.value));
  const inPermitted = permitted.map((base) => isWithin(value, base.value));
  if ([...inExcluded, ...inPermitted].includes(undefined)) {
    return `constrains names of the kind ${kind}, and one of them below it cannot be evaluated`;
  }
  if (inExcluded.includes(true)) return "excludes a name below it";
  return permitted.length > 0 && !inPermitted.includes(true) ? "does not permit a name below it" : undefined;
}

function empty(): PkiError {
  return new PkiError("DER_MALFORMED", "NameConstraints is empty");
}
