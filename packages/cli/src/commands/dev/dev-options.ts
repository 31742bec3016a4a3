import { quoted } from "@kasbah/runtime";
import { Option } from "commander";
import { usageError } from "../../dev/settings/usage-error.ts";

/** `--dir`, which each command of `kasbah dev` has. */
export function dirOption(): Option {
  return new Option(
    "--dir <folder>",
    "folder with the CA's keys and records (default: .kasbah in this folder or the nearest parent)",
  ).argParser((folder) => {
    // The next option, which an empty variable leaves in the place of the folder.
    if (!folder.startsWith("-")) return folder;
    throw usageError(`--dir: expected a folder such as other or ./-other, got ${quoted(folder)}`);
  });
}

/** Collects the values of an option that may be repeated. */
export function collected(value: string, others: readonly string[]): readonly string[] {
  return [...others, value];
}
