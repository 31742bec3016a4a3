import process from "node:process";
import { ObservedMesh } from "../../../test/harness/monitoring/observed-mesh.ts";
import { runInTerminal } from "../terminal/run-in-terminal.ts";
import { terminalPicture } from "../terminal/terminal-picture.ts";
import { terminalLines, textOf } from "../terminal/terminal-text.ts";

const command = "kasbah status";
const issued = 40;
const refused = 30;

/** `kasbah status` of a real CA, after many calls with tokens for another audience. */
export async function statusPicture(root: string, say: (line: string) => void): Promise<string> {
  await using mesh = await ObservedMesh.start(say);
  for (let each = 0; each < issued; each++) await mesh.call(`app-${each}`);
  for (let each = 0; each < refused; each++) await mesh.call(`billing-${each % 3}`, "vault");
  process.env["KASBAH_STATE_DIR"] = mesh.stateDir;
  // Its exit code tells that something needs attention.
  const printed = await runInTerminal(`${command} || test $? = 3`, root);
  const shown = printed.replaceAll(mesh.stateDir, "/var/lib/kasbah");
  const lines = terminalLines(shown);
  const last = lines.findLastIndex((line) => textOf(line) !== "");
  const texts = lines.map((line) => textOf(line).trim()).filter((text) => text !== "");
  return terminalPicture({
    ...{ command, lines: lines.slice(0, last + 1), columns: 84 },
    description: texts.slice(0, 6).join(". "),
  });
}
