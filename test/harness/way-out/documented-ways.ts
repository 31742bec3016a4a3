import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const page = fileURLToPath(new URL("../../../docs/recover.md", import.meta.url));

/** The way out of each situation as the page documents it: a command, or undefined if the CA continues by itself. */
export async function documentedWays(): Promise<ReadonlyMap<string, string | undefined>> {
  const rows = (await readFile(page, "utf8")).matchAll(/^\| `([a-z-]+)` \|[^|]*\| (.*) \|$/gm);
  return new Map(Array.from(rows, ([, situation = "", way = ""]) => [situation, commandIn(way)]));
}

/** The first words in code are the command, also after a condition. */
function commandIn(way: string): string | undefined {
  if (way.startsWith("wait: ")) return undefined;
  const command = /`([^`]+)`/.exec(way)?.[1];
  if (command === undefined) throw new Error(`no command in ${JSON.stringify(way)}`);
  return command;
}
