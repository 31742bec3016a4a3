import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { MadeSet } from "../workshop.ts";

const directory = fileURLToPath(new URL("go", import.meta.url));

/** What Go says about each set: "ok", or the reason, by the name of the set. */
export function goVerdicts(sets: readonly MadeSet[]): Map<string, string> {
  const requests = sets.flatMap(({ rootsPath, leafPath, servingPath }) =>
    [leafPath, servingPath].map((Chain) => JSON.stringify({ Roots: rootsPath, Chain })),
  );
  const input = `${requests.join("\n")}\n`;
  const { stdout, stderr } = spawnSync("go", ["run", "."], { cwd: directory, input, encoding: "utf8" });
  const said = stdout.trim().split("\n");
  if (said.length !== requests.length) throw new Error(`Go said ${said.length} verdicts: ${stderr}`);
  return new Map(
    sets.map(({ set }, index) => {
      const both = said.slice(2 * index, 2 * index + 2);
      return [set.name, both.find((verdict) => verdict !== "ok") ?? "ok"];
    }),
  );
}
