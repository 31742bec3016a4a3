/** A part of a line in one style. */
interface Span {
  readonly text: string;
  /** The last code of ECMA-48's Select Graphic Rendition, such as 1 for bold; of `1;31` it is the color. */
  readonly style: number;
}

/** A line of a terminal. */
export type Line = readonly Span[];

/** The escape character, by which a terminal's control sequences begin. */
const ESC = String.fromCharCode(27);
const colorChange = new RegExp(`${ESC}\\[(?:\\d+;)*(\\d*)m`, "g");
/** A return to the start of the line that erases it, as progress does. */
const erasure = new RegExp(`^[^\\n]*(?:\\r|${ESC}\\[1G)${ESC}\\[0?K`);

/** The lines that a terminal shows in the end: without what was overwritten, and without control sequences. */
export function terminalLines(printed: string): readonly Line[] {
  return printed
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => spansOf(line.replace(erasure, "")));
}

export function textOf(line: Line): string {
  return line.map(({ text }) => text).join("");
}

function spansOf(line: string): Line {
  const spans: Span[] = [];
  let [style, end] = [0, 0];
  const add = (text: string) => {
    if (text !== "") spans.push({ text, style });
  };
  for (const { 0: sequence, 1: code, index } of line.matchAll(colorChange)) {
    add(line.slice(end, index));
    style = Number(code);
    end = index + sequence.length;
  }
  add(line.slice(end));
  return spans;
}
