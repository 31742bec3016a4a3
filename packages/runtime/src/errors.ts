/** All errors of this package, by stable code. */
export type RuntimeErrorCode =
  | "ADDRESS_MALFORMED"
  | "ADDRESS_UNUSABLE"
  | "CONFIG_INVALID"
  | "DIRECTORY_UNSAFE"
  | "DIRECTORY_UNUSABLE"
  | "DURATION_MALFORMED"
  | "FILE_NOT_DURABLE"
  | "SOCKET_ACCESS_DENIED"
  | "SOCKET_IN_USE"
  | "SOCKET_PATH_INVALID";

/** An error with a stable `code`. Branch on the code, never on the message. */
export class RuntimeError<Code extends RuntimeErrorCode = RuntimeErrorCode> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The code of a failed system call, such as `ENOSPC`. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
