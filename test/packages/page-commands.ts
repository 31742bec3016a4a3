import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../harness/repository.ts";

/** A command of a page, as its reader types it. */
export interface PageCommand {
  readonly text: string;
  /** It runs in a terminal of its own until the reader stops it. */
  readonly staysRunning: boolean;
  readonly exits: number;
  /** The output that the page shows below it. */
  readonly shown: readonly string[];
}

/** A file that the page tells its reader to write. */
export interface PageFile {
  readonly file: string;
  readonly text: string;
}

export type PageItem = PageCommand | PageFile;

/** The commands and files of a page in their order. */
export function itemsOf(page: string): readonly PageItem[] {
  const text = readFileSync(join(repositoryRoot, page), "utf8");
  const fences = [...text.matchAll(/^```(\w+)([^\n]*)\n([\s\S]*?)^```$/gm)];
  return fences.flatMap(([, language = "", info = "", body = ""]): readonly PageItem[] => {
    const [, file] = /\bfile=(\S+)/.exec(info) ?? [];
    if (file !== undefined) return [{ file, text: body }];
    const exits = Number(/\bexits=(\d+)/.exec(info)?.[1] ?? 0);
    if (language === "sh") return shellCommands(body);
    return language === "console" ? consoleCommands(body, exits) : [];
  });
}

function shellCommands(body: string): readonly PageCommand[] {
  const staysRunning = body.startsWith("# terminal ");
  const lines = body.replaceAll("\\\n", " ").split("\n");
  return lines
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((text) => ({ text, staysRunning, exits: 0, shown: [] }));
}

function consoleCommands(body: string, exits: number): readonly PageCommand[] {
  return body
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [text = "", ...shown] = part.trimEnd().split("\n");
      return { text, staysRunning: false, exits, shown };
    });
}

/** The lines of the page that are missing in the output. Digits and paths differ in each run, and `…` is any text. */
export function missingLines({ shown }: PageCommand, output: string): readonly string[] {
  const lines = output.split("\n").map(withoutVarying);
  return shown.filter((line) => !lines.some((found) => patternOf(line).test(found)));
}

function patternOf(line: string): RegExp {
  const parts = withoutVarying(line).split(/…|<\w+>/);
  return new RegExp(`^${parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`);
}

/** Without digits, and without the time units that stand between them. */
function withoutVarying(line: string): string {
  return line
    .replace(/\bin \d[\d dhms]*/g, "in #")
    .replace(/\d+/g, "#")
    .replace(/\s+/g, " ")
    .trim();
}
