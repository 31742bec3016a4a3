// Writes the scripts that complete the commands in bash, zsh and fish, which `kasbah completion` prints, in
// packages/cli/generated.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { completedShells } from "../packages/cli/src/shipped-files.ts";
import { completionScript } from "./completion/script.ts";

const output = fileURLToPath(new URL("../packages/cli/generated", import.meta.url));
mkdirSync(output, { recursive: true });
for (const shell of completedShells)
  writeFileSync(join(output, `completion.${shell}`), completionScript(shell));
