import { fromSubfolder, table } from "../markdown.ts";
import { type ExplainedCode, explainedCodes } from "./codes.ts";
import { errorSections } from "./sections.ts";

const intro = `# Error codes

This page lists every code that the CA, the agent and the command \`kasbah\` report. Codes are stable; messages are for people and
may change. \`kasbah why CODE\` prints the same text without a network.

A refused call has a gRPC status, a program that ends has an exit code. *Log* is the level of the log line.
`;

/** docs/reference/errors.md */
export function errorsPage(): string {
  const codes = explainedCodes();
  const unknown = codes.filter(({ section }) => !errorSections.some(({ title }) => title === section));
  if (unknown.length > 0) throw new Error(`no section for ${unknown.map(({ code }) => code)}`);
  const sections = errorSections.map(({ title, text = "" }) => {
    const rows = codes.filter(({ section }) => section === title);
    return `\n## ${title}\n\n${text === "" ? "" : `${text}\n\n`}${codeTable(rows)}`;
  });
  return intro + fromSubfolder(sections.join(""));
}

interface Column {
  readonly name: string;
  read(one: ExplainedCode): string | undefined;
}

const columns: readonly Column[] = [
  { name: "code", read: ({ code }) => `\`${code}\`` },
  { name: "gRPC status", read: ({ status }) => status },
  { name: "exit code", read: ({ exit }) => exit?.toString() },
  { name: "log", read: ({ level }) => level },
  { name: "retry", read: ({ retry }) => retry },
  { name: "meaning", read: ({ cause }) => cause },
  { name: "reaction", read: ({ reaction }) => reaction },
  { name: "fix", read: ({ fix }) => fix },
];

/** Only the columns that some code of the section has. */
function codeTable(rows: readonly ExplainedCode[]): string {
  const used = columns.filter(({ read }) => rows.some((row) => read(row) !== undefined));
  return table(
    used.map(({ name }) => name),
    rows.map((row) => used.map(({ read }) => read(row) ?? "")),
  );
}
