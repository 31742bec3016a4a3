// Writes docs/reference/ from the code. `npm run reference` runs it after each change of a flag, metric, code or command.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { referencePages } from "./pages.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
for (const [path, text] of referencePages()) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  process.stdout.write(`${path}\n`);
}
