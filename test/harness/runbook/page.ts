import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { kasbahBin, repositoryRoot } from "../repository.ts";

/** A fenced block of a page, without its indentation. */
export interface PageBlock {
  readonly language: string;
  readonly lines: readonly string[];
}

/** The blocks of a page in `docs/runbooks`, or of one of its sections. */
export function runbookBlocks(name: string, heading?: string): readonly PageBlock[] {
  const page = readFileSync(join(repositoryRoot, "docs/runbooks", `${name}.md`), "utf8");
  const text = heading === undefined ? page : sectionOf(page, heading);
  const blocks = [...text.matchAll(/^( *)```(\w*).*\n([\s\S]*?)^ *```$/gm)];
  return blocks.map(([, indent = "", language = "", body = ""]) => ({
    language,
    lines: body
      .split("\n")
      .map((line) => line.slice(indent.length))
      .filter((line) => line !== ""),
  }));
}

function sectionOf(page: string, heading: string): string {
  const start = page.indexOf(`\n### ${heading}\n`);
  assert.ok(start >= 0, `no section ${heading}`);
  const end = page.slice(start + 1).search(/\n##+ /);
  return end < 0 ? page.slice(start) : page.slice(start, start + 1 + end);
}

/** Returns a PATH with `kasbah` as it ships, and with other scripts by their names. */
export async function pathWithKasbah(
  directory: string,
  others: Readonly<Record<string, string>> = {},
): Promise<string> {
  const bin = join(directory, "bin");
  await mkdir(bin, { recursive: true });
  const scripts = { kasbah: `exec "${process.execPath}" "${kasbahBin}" "$@"`, ...others };
  for (const [name, line] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return [bin, process.env["PATH"]].join(delimiter);
}
