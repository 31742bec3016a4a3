import { z } from "zod";

/** The field manager of the CA's writes. */
export const ourManager = "kasbah";

const entrySchema = z.object({
  manager: z.string().default(""),
  time: z.string().default(""),
  fieldsV1: z.record(z.string(), z.unknown()).default({}),
});

/** The field managers in an object's metadata; entries of another shape are ignored. */
export const managedFieldsSchema = z
  .array(entrySchema.catch({ manager: "", time: "", fieldsV1: {} }))
  .catch([]);

export type ManagedFields = z.infer<typeof managedFieldsSchema>;

/** The field's last manager (the CA, if it shares the field), or undefined if none is recorded. */
export function ownerOf(entries: ManagedFields, ...path: readonly string[]): string | undefined {
  const owners = entries.filter(({ fieldsV1 }) => holds(fieldsV1, path));
  if (owners.some(({ manager }) => manager === ourManager)) return ourManager;
  // All times have the same format in UTC, so they sort as text.
  return owners.toSorted((a, b) => (a.time < b.time ? 1 : -1)).find(({ manager }) => manager !== "")?.manager;
}

/**
 * Whether the owner is a program that reconciles its fields. The CA reverts manual changes by kubectl, but
 * another program would undo that, and both would continue forever.
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
