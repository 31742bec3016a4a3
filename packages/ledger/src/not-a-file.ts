import { errnoOf } from "@kasbah/runtime";

const problems: Readonly<Record<string, string>> = {
  ENOENT: "is missing",
  ENOTDIR: "is missing",
  EISDIR: "is a directory",
  ELOOP: "is a symbolic link",
};

/** Why a path that must be a file is none; undefined for every other error. */
export function notAFile(error: unknown): string | undefined {
  return problems[errnoOf(error) ?? ""];
}
