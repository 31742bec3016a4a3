import { type Line, textOf } from "../terminal/terminal-text.ts";

/** More would be too small to read in a page. */
const maxColumns = 98;

/** A step of which the picture shows only some lines, of the first workload. It shows everything of the others. */
const shownOfStep: ReadonlyMap<string, RegExp> = new Map([
  ["3", /^3 |\$ openssl x509 .*frontend\.pem|not(?:Before|After)=|Alternative Name|URI:.*frontend/],
]);

/** The directory of one run, which says nothing to a reader. */
const runDirectory = /\/\S*kasbah-demo-\w+\/run\//g;

/** The lines of the demo that fit into a picture. */
export function excerptOf(lines: readonly Line[]): readonly Line[] {
  return trimmed(parts(withoutNpm(lines)).flatMap(partExcerpt)).map(clipped);
}

/** A step may have several parts: blank lines separate them. */
function parts(lines: readonly Line[]): readonly (readonly Line[])[] {
  const found: Line[][] = [[]];
  for (const line of lines) {
    if (textOf(line) === "") found.push([]);
    else found.at(-1)?.push(line);
  }
  return found.filter((part) => part.length > 0);
}

/** The lines of a part that the picture shows, after a blank line. */
function partExcerpt(part: readonly Line[]): readonly Line[] {
  const [, step] = /^(\d) {2}\S/.exec(textOf(part[0] ?? [])) ?? [];
  const isContinued = step === undefined && /^ /.test(textOf(part[0] ?? []));
  if (isContinued) return [];
  const pattern = shownOfStep.get(step ?? "");
  const shown = pattern === undefined ? part : part.filter((line) => pattern.test(textOf(line)));
  const short = shown.map((line) =>
    line.map((span) => ({ ...span, text: span.text.replaceAll(runDirectory, "…/") })),
  );
  return short.length === 0 ? [] : [[], ...short];
}

/** npm prints the script that it runs. */
function withoutNpm(lines: readonly Line[]): readonly Line[] {
  return lines.filter((line) => !/^> |^kasbah: (?:installing|building)/.test(textOf(line)));
}

function trimmed(lines: readonly Line[]): readonly Line[] {
  const first = lines.findIndex((line) => textOf(line) !== "");
  const last = lines.findLastIndex((line) => textOf(line) !== "");
  return lines.slice(Math.max(first, 0), last + 1);
}

function clipped(line: Line): Line {
  let left = maxColumns;
  if (textOf(line).length <= left) return line;
  return line.flatMap((span) => {
    const text = span.text.length <= left ? span.text : `${span.text.slice(0, Math.max(left - 1, 0))}…`;
    const isOut = left <= 0;
    left -= span.text.length;
    return isOut ? [] : [{ ...span, text }];
  });
}
