import { printableText } from "@kasbah/runtime";
import { plainTime } from "../../output/relative-time.ts";
import { wrapWords } from "../../output/wrap.ts";
import type { StatusFinding } from "../finding.ts";
import type { StatusReport } from "../report.ts";
import { fieldsOf } from "./fields.ts";
import { paintLevel } from "./paint.ts";

const width = 80;
/** More would not be read; `--json` has them all. */
const mostFindings = 12;
const longest = 600;

/** The report on one screen: its level, the findings with their fixes, then the values. */
export function renderStatus(report: StatusReport, { colour }: { readonly colour: boolean }): string {
  const { level, findings, source, trustDomain } = report;
  const word = paintLevel(level.toUpperCase(), level, colour);
  const where = trustDomain === undefined ? source.place : `${trustDomain}, ${source.place}`;
  const time = plainTime(source.readAt);
  const head = [`${word}  ${printableText(where, width - 12)}`, `${" ".repeat(level.length + 2)}${time}`];
  const shown = findings.slice(0, mostFindings).map((one) => findingLines(one, colour));
  const more = findings.length - mostFindings;
  const rest = more > 0 ? [`and ${more} more findings (--json lists them)`] : [];
  const blocks = [head, ...shown, rest, fieldsOf(report).flatMap(fieldLinesOf)];
  const lines = blocks.filter((block) => block.length > 0).map((block) => block.join("\n"));
  return `${lines.join("\n\n")}\n`;
}

const indent = 2;

function findingLines(finding: StatusFinding, colour: boolean): readonly string[] {
  const { level, code, what, fix, page, replicas } = finding;
  const word = paintLevel(level === "ok" ? "NOTE" : level.toUpperCase(), level, colour);
  const at = replicas === undefined ? "" : `  at ${replicas.join(", ")}`;
  const text = (title: string, content: string) => {
    const columns = width - indent - 5;
    const lines = wrapWords(printableText(content, longest), columns);
    return lines.map(
      (line, number) => `${" ".repeat(indent)}${(number === 0 ? title : "").padEnd(5)}${line}`,
    );
  };
  return [
    `${word}  ${printableText(`${code}${at}`, width - 12)}`,
    ...text("what", what),
    ...text("fix", fix),
    ...(page === undefined ? [] : text("see", page)),
  ];
}

const nameWidth = 12;

function fieldLinesOf([name, value]: readonly [string, string]): readonly string[] {
  const lines = wrapWords(printableText(value, longest), width - nameWidth);
  return lines.map((line, number) => `${(number === 0 ? name : "").padEnd(nameWidth)}${line}`);
}
