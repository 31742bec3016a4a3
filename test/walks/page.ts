import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../harness/repository.ts";

/** A row of the table in docs/incidents.md. */
export interface Incident {
  readonly name: string;
  /** `kasbah why <reference>`. */
  readonly command: string;
  /** Fragments of the output: those that name the cause, then those that name the fix. */
  readonly prints: readonly string[];
}

/** The incidents that docs/incidents.md lists, in its order. */
export function listedIncidents(): readonly Incident[] {
  const page = readFileSync(join(repositoryRoot, "docs/incidents.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| .*`kasbah/.test(line));
  return rows.map((row) => {
    const [name = "", command = "", cause = "", fix = ""] = row.slice(2, -2).split(" | ");
    return { name, command: quoted(command).join(), prints: [...quoted(cause), ...quoted(fix)] };
  });
}

const quoted = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
