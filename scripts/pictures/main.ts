// Writes the pictures of real runs in docs/pictures: `npm run pictures`, or one of them: `npm run pictures -- dashboard`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { dashboardPicture } from "./dashboard/dashboard-picture.ts";
import { observe } from "./dashboard/observe.ts";
import { documentedDemo } from "./demo/documented-demo.ts";
import { excerptOf } from "./demo/excerpt.ts";
import { statusPicture } from "./status/status-picture.ts";
import { runInTerminal } from "./terminal/run-in-terminal.ts";
import { terminalPicture } from "./terminal/terminal-picture.ts";
import { terminalLines } from "./terminal/terminal-text.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const say = (line: string) => void process.stdout.write(`${line}\n`);

const pictures: Readonly<Record<string, () => Promise<string>>> = {
  demo: async () => {
    const command = documentedDemo(root);
    say(`running: ${command}`);
    const lines = excerptOf(terminalLines(await runInTerminal(command, root)));
    return terminalPicture({ command, lines });
  },
  dashboard: async () => {
    say("running a CA, agents and Prometheus for three minutes");
    const { panels, period } = await observe(say);
    return dashboardPicture(panels, period);
  },
  status: async () => {
    say("running a CA, agents and kasbah status");
    return statusPicture(root, say);
  },
};

const wanted = process.argv.slice(2);
for (const [name, draw] of Object.entries(pictures)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const path = `docs/pictures/${name}.svg`;
  writeFileSync(join(root, path), await draw());
  say(path);
}
