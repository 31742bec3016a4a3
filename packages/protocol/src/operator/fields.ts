import type { kasbah } from "../../generated/messages.js";
import type { Codec } from "../codec.ts";

/** A message without fields. */
export type NoFields = Readonly<Record<string, never>>;

export const noFields: Codec<NoFields> = { encode: () => new Uint8Array(), decode: () => ({}) };

/** A 64-bit integer in the generated code: a number, or an object that converts to one. */
type Milliseconds = typeof kasbah.v1.Rotation.prototype.since;

export function dateOf(ms: Milliseconds): Date {
  return new Date(Number(ms));
}

export function msOf(date: Date | undefined): number | null {
  return date === undefined ? null : date.getTime();
}

export function optionalDate<Name extends string>(
  name: Name,
  ms: Milliseconds | null | undefined,
): { readonly [K in Name]?: Date } {
  const present: { [K in Name]?: Date } = {};
  if (ms !== null && ms !== undefined) present[name] = dateOf(ms);
  return present;
}

/** Returns the one of `words` that `text` is. */
export function oneOf<T extends string>(words: readonly T[], text: string): T {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new TypeError(`expected one of ${words.join(", ")}`);
  return found;
}
