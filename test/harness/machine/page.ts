import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository.ts";
import type { Machine } from "./machine.ts";

/** A block of a page whose fence names the test that runs it. */
interface Block {
  readonly kind: "sh" | "console";
  readonly text: string;
}

/** The blocks of a page that name this test, in their order. */
export function blocksOf(page: string, test: string): readonly Block[] {
  const text = readFileSync(join(repositoryRoot, page), "utf8");
  const fences = new RegExp(`^\`\`\`(sh|console) by=${test}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  const blocks = [...text.matchAll(fences)].map(([, kind, body = ""]) => ({
    kind: kind as Block["kind"],
    text: body,
  }));
  assert.ok(blocks.length > 0, `${page} has no block for ${test}`);
  return blocks;
}

/**
 * Runs the blocks as root, in one shell: each command must exit with 0, and each output must look like that of the page.
 * `edit` puts what a test must change into a command.
 */
export async function runBlocks(
  machine: Machine,
  blocks: readonly Block[],
  edit: (command: string) => string = (command) => command,
): Promise<void> {
  let folder = "/root";
  for (const block of blocks) {
    for (const { command, output } of commandsOf(block)) {
      const printed = await machine.run(`cd ${folder} && set -e\n${edit(command)}\nprintf '\\n%s' "$PWD"`);
      const lines = printed.replaceAll("\r", "").split("\n");
      folder = lines.pop() ?? folder;
      if (output !== undefined) assertLooksLike(lines.join("\n").trimEnd(), output, command);
    }
  }
}

/** The commands of a block, with the output that the page shows. */
export function commandsOf({
  kind,
  text,
}: Block): readonly { readonly command: string; readonly output?: string }[] {
  if (kind === "sh") return [{ command: text }];
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...output] = part.trimEnd().split("\n");
      return { command, output: output.join("\n") };
    });
}

/** Times, serial numbers and fingerprints match by their form, and a line `…` stands for any lines. */
export function assertLooksLike(printed: string, expected: string, command: string): void {
  const forms = expected.split(/^…$/m).map((part) => part.split(varying).map(escaped).join("\\S+"));
  const isAlike = new RegExp(`^${forms.join("[\\s\\S]*")}$`).test(printed);
  assert.ok(isAlike, `"${command}" printed:\n${printed}\ninstead of:\n${expected}`);
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const varying = /\b(?:\d{4}-\d{2}-\d{2}T[\d:.]+Z|[0-9a-f]{12,}|\d+d|\d+\.\d(?= MiB))\b/;
