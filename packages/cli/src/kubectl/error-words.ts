import { printableText } from "@kasbah/runtime";

/** The error output of kubectl on one line, safe for a terminal, without kubectl's own log lines. */
export function errorWordsOf(stderr: string): string {
  const lines = stderr
    .slice(0, 16_384)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[EWI]\d{4} /.test(line));
  return printableText(lines.join(" "), 1000) || "no error message";
}
