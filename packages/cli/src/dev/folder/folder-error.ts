import { MeshError } from "@kasbah/pki";
import { RuntimeError, storageFailure } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";

/** Runs work on the files of a folder. @throws CliError `DEV_FOLDER_UNUSABLE` in place of an error without a code */
export async function withFolderErrors<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const hasCode = cause instanceof MeshError || cause instanceof RuntimeError;
    if (hasCode && cause.code !== "DIRECTORY_UNUSABLE" && cause.code !== "FILE_NOT_DURABLE") throw cause;
    throw new CliError(
      "DEV_FOLDER_UNUSABLE",
      `cannot use ${folder}: ${storageFailure(cause)}; choose a folder that you can write with --dir`,
      { cause },
    );
  }
}
