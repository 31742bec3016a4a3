// Writes docs/pictures/demo.svg from a run of the demo. `npm run pictures` runs it after a change of the demo's output.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { documentedDemo } from "./documented-demo.ts";
import { excerptOf } from "./excerpt.ts";
import { runInTerminal } from "./run-in-terminal.ts";
import { terminalPicture } from "./terminal-picture.ts";
import { terminalLines } from "./terminal-text.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const path = "docs/pictures/demo.svg";

const command = documentedDemo(root);
process.stdout.write(`running: ${command}\n`);
const lines = excerptOf(terminalLines(await runInTerminal(command, root)));
writeFileSync(join(root, path), terminalPicture({ command, lines }));
process.stdout.write(`${path}\n`);
