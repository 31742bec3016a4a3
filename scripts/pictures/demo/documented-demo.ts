import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The demo's command, once, as its page has it: the picture shows nothing that a reader cannot type. */
export function documentedDemo(root: string): string {
  const page = readFileSync(join(root, "docs/demo.md"), "utf8");
  const [, command] = /^(?:\$ )?((?:kasbah demo|npm start --) --once)$/m.exec(page) ?? [];
  if (command === undefined) throw new Error("docs/demo.md has no command that runs the demo once");
  return command;
}
