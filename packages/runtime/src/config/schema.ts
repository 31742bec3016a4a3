/** The result of reading a text: the value, or a description of the expected format. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** Reads one setting from its text, and never throws. */
export interface Schema<T> {
  /** The form of the text, in a few words for the reference. */
  readonly kind: string;
  read(text: string): Reading<T>;
}

/**
 * Makes a schema from a parser that throws. The message of its error becomes the problem and must not quote
 * the text.
 */
export function parsed<T>(parse: (text: string) => T, kind = "text"): Schema<T> {
  return {
    kind,
    read(text) {
      try {
        return { ok: true, value: parse(text) };
      } catch (error) {
        return { ok: false, problem: error instanceof Error ? error.message : "malformed" };
      }
    },
  };
}

/** Ends a parser with the expected format, without quoting the text. */
export function expected(what: string): never {
  throw new TypeError(`expected ${what}`);
}
