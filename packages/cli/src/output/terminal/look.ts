import type { Screen } from "../screen.ts";

/** How output may look: in color, and how wide. */
export interface Look {
  readonly colour: boolean;
  /** Undefined if nothing may be shortened: in a pipe, in a file, and with --wide. */
  readonly columns: number | undefined;
}

/** Complete text without color, as programs read it. */
export const plainLook: Look = { colour: false, columns: undefined };

/** The look of a screen. `wide` keeps it from shortening anything. */
export function lookOf(
  { colour, columns }: Screen,
  { wide = false }: { readonly wide?: boolean | undefined } = {},
): Look {
  return { colour, columns: wide ? undefined : columns };
}
