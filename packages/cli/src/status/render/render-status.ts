import { printableText } from "@kasbah/runtime";
import { plainTime } from "../../output/relative-time.ts";
import { paint, type Tone } from "../../output/terminal/paint.ts";
import { shortenMiddle } from "../../output/terminal/shorten.ts";
import { wrapWords } from "../../output/wrap.ts";
import type { StatusFinding, StatusLevel } from "../finding.ts";
import type { StatusReport } from "../report.ts";
import { fieldsOf } from "./fields.ts";

const width = 80;
/** More would not be read; `--json` has them all. */
const mostFindings = 12;
const longest = 600;

const tones: Readonly<Record<StatusLevel, Tone>> = { ok: "good", warning: "warning", critical: "critical" };

/** The report on one screen: its level, the findings with their fixes, then the values. */
export function renderStatus(report: StatusReport, { colour }: { readonly colour: boolean }): string {
  const { level, findings, source, trustDomain } = report;
  const word = paint(level.toUpperCase(), tones[level], { colour });
  const where = trustDomain === undefined ? source.place : `${trustDomain}, ${source.place}`;
  const time = plainTime(source.readAt);
  const head = [`${word}  ${oneLine(where)}`, `${" ".repeat(level.length + 2)}${time}`];
  const shown = findings.slice(0, mostFindings).map((one) => findingLines(one, colour));
  const more = findings.length - mostFindings;
  const rest = more > 0 ? [`and ${more} more findings (--json lists them)`] : [];
  const blocks = [head, ...shown, rest, valueLines(fieldsOf(report), colour)];
  const lines = blocks.filter((block) => block.length > 0).map((block) => block.join("\n"));
  return `${lines.join("\n\n")}\n`;
}

const indent = 2;

function findingLines(finding: StatusFinding, colour: boolean): readonly string[] {
  const { level, code, what, fix, page, replicas } = finding;
  const word =
    level === "ok"
      ? paint("NOTE", "quiet", { colour })
      : paint(level.toUpperCase(), tones[level], { colour });
  const at = replicas === undefined ? "" : `  at ${replicas.join(", ")}`;
  const text = (title: string, content: string) => {
    const columns = width - indent - 5;
    const lines = wrapWords(printableText(content, longest), columns);
    return lines.map(
      (line, number) => `${" ".repeat(indent)}${(number === 0 ? title : "").padEnd(5)}${line}`,
    );
  };
  return [
    `${word}  ${oneLine(`${code}${at}`)}`,
    ...text("what", what),
    ...text("fix", fix),
    ...(page === undefined ? [] : text("see", page)),
  ];
}

/** What is left beside the word for the level. */
function oneLine(text: string): string {
  return shortenMiddle(printableText(text), width - "CRITICAL  ".length);
}

const [leastName, mostName] = [10, 28];

/** Names and values in two columns; a pod may have a long name. */
function valueLines(fields: readonly (readonly [string, string])[], colour: boolean): readonly string[] {
  const longestName = Math.max(leastName, ...fields.map(([name]) => name.length));
  const column = Math.min(longestName, mostName) + 2;
  return fields.flatMap(([name, value]) => {
    const title = paint(shortenMiddle(printableText(name), mostName).padEnd(column), "quiet", { colour });
    const lines = wrapWords(printableText(value, longest), width - column);
    return lines.map((line, number) => `${number === 0 ? title : " ".repeat(column)}${line}`);
  });
}
