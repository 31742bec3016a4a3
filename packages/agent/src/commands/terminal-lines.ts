/** The width that every terminal has. */
const lineWidth = 80;

/** One line of a table, indented; a cell that is too long is cut. */
export function columns(cells: readonly string[], widths: readonly number[]): string {
  const padded = cells.map((cell, index) => {
    const width = widths[index] ?? cell.length;
    return cell.slice(0, width).padEnd(width);
  });
  return `    ${padded.join(" ").trimEnd()}\n`;
}

/** The end of a text that does not fit, which tells paths apart better than the start. */
export function clipStart(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}

/** A text in indented lines of at most 80 characters, broken at spaces where there are any; "" for no text. */
export function wrapped(text: string, indent: string): string {
  const room = lineWidth - indent.length;
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((each) => pieces(each, room))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= room) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line]
    .filter((each) => each !== "")
    .map((each) => `${indent}${each}\n`)
    .join("");
}

function pieces(word: string, room: number): readonly string[] {
  if (word.length <= room) return [word];
  return Array.from({ length: Math.ceil(word.length / room) }, (_, index) =>
    word.slice(index * room, (index + 1) * room),
  );
}
