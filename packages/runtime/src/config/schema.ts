/** What came of reading a text: the value, or what was expected instead. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: string };

/** Reads one setting from the text in which it was written, and never throws. */
export interface Schema<T> {
  read(text: string): Reading<T>;
}

/** A schema from a parser that throws: the message of its error, which must not quote the text, is the problem. */
export function parsed<T>(parse: (text: string) => T): Schema<T> {
  return {
    read(text) {
      try {
        return { ok: true, value: parse(text) };
      } catch (error) {
        return { ok: false, problem: error instanceof Error ? error.message : "malformed" };
      }
    },
  };
}

/** Ends a parser: what was expected, without what was seen. */
export function expected(what: string): never {
  throw new TypeError(`expected ${what}`);
}
