import { z } from "zod";

/** As which the CA writes. */
export const ourManager = "kasbah";

const entrySchema = z.object({
  manager: z.string().default(""),
  time: z.string().default(""),
  fieldsV1: z.record(z.string(), z.unknown()).default({}),
});

/** Of an object's metadata; entries of another shape count for nothing. */
export const managedFieldsSchema = z
  .array(entrySchema.catch({ manager: "", time: "", fieldsV1: {} }))
  .catch([]);

export type ManagedFields = z.infer<typeof managedFieldsSchema>;

/** Who wrote a field last; we, when we share it with others. Undefined when nobody is on record. */
export function ownerOf(entries: ManagedFields, ...path: readonly string[]): string | undefined {
  const owners = entries.filter(({ fieldsV1 }) => holds(fieldsV1, path));
  if (owners.some(({ manager }) => manager === ourManager)) return ourManager;
  // Times of one format, in UTC: they sort as text.
  return owners.toSorted((a, b) => (a.time < b.time ? 1 : -1)).find(({ manager }) => manager !== "")?.manager;
}

/**
 * Whether the owner is a program that keeps its fields as it wants them. What a person changed by hand, by kubectl, is
 * set right again; another program would set it back, and so on for ever.
 */
export function isAnotherProgram(owner: string | undefined): owner is string {
  return owner !== undefined && owner !== ourManager && !/^kubectl(-|$)/.test(owner);
}

function holds(fields: Readonly<Record<string, unknown>>, path: readonly string[]): boolean {
  let at: unknown = fields;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, `f:${name}`)) return false;
    at = Reflect.get(at, `f:${name}`);
  }
  return true;
}
