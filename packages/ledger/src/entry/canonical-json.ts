/** What entries are made of: no number but safe integers, so that every library writes it in the same way. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | readonly CanonicalValue[]
  | { readonly [name: string]: CanonicalValue | undefined };

/** The one JSON text of a value (RFC 8785): no spaces, members by their names. Undefined members are left out. */
export function canonicalJson(value: CanonicalValue): string {
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError("only safe integers");
  if (typeof value === "string") return JSON.stringify(value.toWellFormed());
  if (typeof value !== "object") return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const members: string[] = [];
  // By UTF-16 code units, as RFC 8785 §3.2.3 and sort() have it.
  for (const name of Object.keys(value).sort()) {
    const member = value[name];
    if (member !== undefined) members.push(`${JSON.stringify(name)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}

function isList(value: object): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}
