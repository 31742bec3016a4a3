import { type FileHandle, open, readFile, rm } from "node:fs/promises";
import { errnoOf } from "@kasbah/runtime";
import { CliError } from "../errors.ts";

/** Reads a file that an operator named. @throws CliError `TARGET_INVALID` */
export async function readArgument(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CliError("TARGET_INVALID", `cannot read ${path}: ${errnoOf(error) ?? "unknown error"}`, {
      cause: error,
    });
  }
}

/**
 * Creates a file, and writes the text that `produce` returns to it. The file is created first, so that nothing is
 * produced if the path is wrong or the file exists. @throws CliError `TARGET_INVALID`, and every error of `produce`
 */
export async function writeNewFile(path: string, produce: () => Promise<string>): Promise<void> {
  const file = await created(path);
  try {
    await file.writeFile(await produce());
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function created(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx");
  } catch (error) {
    const reason = errnoOf(error) === "EEXIST" ? "it exists already" : (errnoOf(error) ?? "unknown error");
    throw new CliError("TARGET_INVALID", `cannot create ${path}: ${reason}`, { cause: error });
  }
}
