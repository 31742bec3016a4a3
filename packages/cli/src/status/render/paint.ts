import type { StatusLevel } from "../finding.ts";

const colours: Readonly<Record<StatusLevel, number>> = { ok: 32, warning: 33, critical: 31 };

/** Colours a text by its severity; unchanged without colour. */
export function paintLevel(text: string, level: StatusLevel, colour: boolean): string {
  return colour ? `\u001b[1;${colours[level]}m${text}\u001b[0m` : text;
}
