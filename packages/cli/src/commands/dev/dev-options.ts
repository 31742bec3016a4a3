import { Option } from "commander";

/** `--dir`, which each command of `kasbah dev` has. */
export function dirOption(): Option {
  return new Option(
    "--dir <folder>",
    "folder with the CA's keys and records (default: .kasbah in this folder or the nearest parent)",
  );
}

/** Collects the values of an option that may be repeated. */
export function collected(value: string, others: readonly string[]): readonly string[] {
  return [...others, value];
}
