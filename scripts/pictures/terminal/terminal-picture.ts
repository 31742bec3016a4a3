import { escapedXml } from "../escaped-xml.ts";
import { type Line, textOf } from "./terminal-text.ts";

const [margin, top, lineHeight, blankHeight, columnWidth] = [24, 66, 19, 11, 7.83];

/** Styles of our output: bold, dim, and colors. */
const classes: ReadonlyMap<number, string> = new Map([
  [1, "b"],
  [2, "d"],
  [31, "r"],
  [32, "g"],
  [33, "y"],
  [36, "c"],
]);

const style = `
    text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; white-space: pre; }
    .b { font-weight: 600; }
    .d { fill: #59636e; }
    .g { fill: #1a7f37; font-weight: 600; }
    .c { fill: #0550ae; }
    .y { fill: #9a6700; font-weight: 600; }
    .r { fill: #d1242f; font-weight: 600; }
    .title { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #59636e; text-anchor: middle; }
    .window { fill: #ffffff; stroke: #d1d9e0; }
    .bar { fill: #f6f8fa; }
    .rule { stroke: #d1d9e0; }
    .dot { fill: #d1d9e0; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .d, .title { fill: #9198a1; }
      .g { fill: #3fb950; }
      .c { fill: #79c0ff; }
      .y { fill: #d29922; }
      .r { fill: #f85149; }
      .window { fill: #0d1117; stroke: #3d444d; }
      .bar { fill: #151b23; }
      .rule { stroke: #3d444d; }
      .dot { fill: #3d444d; }
    }
  `;

/** What a terminal shows. */
interface Terminal {
  readonly command: string;
  readonly lines: readonly Line[];
  readonly columns?: number;
  /** For readers who do not see the picture; by default the steps of the demo and their results. */
  readonly description?: string;
}

/** A terminal window as SVG, in a light and a dark form, with the fonts of the reader. */
export function terminalPicture({ command, lines, columns = 100, description }: Terminal): string {
  const all: readonly Line[] = [
    [
      { text: "$ ", style: 2 },
      { text: command, style: 1 },
    ],
    [],
    ...lines,
  ];
  const width = Math.ceil(2 * margin + columns * columnWidth);
  let y = top;
  let rows = "";
  for (const line of all) {
    rows += row(line, y);
    y += line.length === 0 ? blankHeight : lineHeight;
  }
  const height = y - lineHeight + margin;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">${escapedXml(command)} in a terminal</title>
  <desc id="desc">${escapedXml(description ?? descriptionOf(lines))}</desc>
  <style>${style}</style>
  <rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>
  <path class="bar" d="M1 38V11A10 10 0 0 1 11 1H${width - 11}A10 10 0 0 1 ${width - 1} 11V38z"/>
  <path class="rule" d="M1 38.5H${width - 1}"/>
  <circle class="dot" cx="22" cy="20" r="6"/><circle class="dot" cx="42" cy="20" r="6"/><circle class="dot" cx="62" cy="20" r="6"/>
  <text class="title" x="${width / 2}" y="24.5">kasbah</text>
${rows}</svg>
`;
}

/** The titles of the steps and their results, for readers who do not see the picture. */
function descriptionOf(lines: readonly Line[]): string {
  const texts = lines.map((line) => textOf(line).trim());
  return texts.filter((text) => /^(?:\d {2}|✓|All checks)/.test(text)).join(". ");
}

function row(line: Line, y: number): string {
  if (line.length === 0) return "";
  const spans = line.map(({ text, style: code }) => {
    const name = classes.get(code);
    return name === undefined ? escapedXml(text) : `<tspan class="${name}">${escapedXml(text)}</tspan>`;
  });
  return `  <text x="${margin}" y="${y}" xml:space="preserve">${spans.join("")}</text>\n`;
}
