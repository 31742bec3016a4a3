import { errnoOf } from "@kasbah/runtime";
import { readBoundedFile } from "./bounded-file.ts";

/**
 * A file that an operator provides and that cannot be read. The message says why, and how to fix it. An error that
 * repeats the message takes over the cause.
 */
export class UnreadableFileError extends Error {
  /** The code of the system call; undefined if the content is in the way. */
  readonly code: string | undefined;

  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.code = errnoOf(cause);
  }
}

/**
 * Like {@link readBoundedFile}, for a file that an operator provides. `hint` is the fix if the file system does not
 * show a better one.
 * @throws UnreadableFileError
 */
export async function readOperatorFile(path: string, maxBytes: number, hint: string): Promise<string> {
  try {
    return await readBoundedFile(path, maxBytes);
  } catch (cause) {
    throw new UnreadableFileError(await explainUnreadable(path, cause, hint), cause);
  }
}

/** The path, the reason and the fix, in one sentence. Loaded only once it is needed. */
export async function explainUnreadable(path: string, error: unknown, hint: string): Promise<string> {
  try {
    const { describeReadFailure } = await import("@kasbah/runtime/read-failure");
    return await describeReadFailure(path, error, hint);
  } catch {
    // Without a descriptor left, the explanation cannot be loaded either.
    return `${path}: ${errnoOf(error) ?? "not readable"}; ${hint}`;
  }
}
