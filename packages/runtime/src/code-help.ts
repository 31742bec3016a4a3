import type { RuntimeErrorCode } from "./errors.ts";

/**
 * What a code means, for `kasbah why` and docs/reference/errors.md. The texts are Markdown; their links are
 * relative to docs/.
 */
export interface CodeHelp {
  /** The heading on the page. */
  readonly section: string;
  /** What happened. */
  readonly cause: string;
  /** What the program does. */
  readonly reaction?: string;
  /** Who fixes it, and how. */
  readonly fix?: string;
  /** For a refused call: whether the same call can succeed later. */
  readonly retry?: string;
  /** The gRPC status of the reply to a client. */
  readonly status?: string;
  /** The exit code of a program that ends with this code. */
  readonly exit?: number;
  /** The level of its log line. */
  readonly level?: "info" | "warn" | "error";
}

const atStart = { section: "Both daemons", exit: 1, level: "error" } as const;
const malformed = { section: "Parse errors" } as const;

/** Both daemons use these codes, and the command `kasbah` those of files and settings. */
export const runtimeCodeHelp = {
  CONFIG_INVALID: {
    ...atStart,
    exit: 2,
    cause: "one or more settings are invalid; standard error lists all problems",
    fix: "fix them; `--check-config` validates without starting",
  },
  ADDRESS_UNUSABLE: {
    ...atStart,
    cause:
      "the daemon cannot listen on an address: another process listens there (`EADDRINUSE`), or no interface has the address",
    fix: "the message names the address, the reason and the flag",
  },
  DIRECTORY_UNSAFE: {
    ...atStart,
    cause: "other users can access a private directory, or own it",
    fix: "`chmod 700`, `chown`",
  },
  DIRECTORY_UNUSABLE: {
    ...atStart,
    cause: "a directory cannot be created or used",
    fix: "the message contains the system's reason",
  },
  FILE_NOT_DURABLE: {
    ...atStart,
    cause: "a file cannot be written durably",
    fix: "the message contains the system's reason",
  },
  SOCKET_PATH_INVALID: {
    ...atStart,
    cause: "the path of a Unix socket is too long, or another file exists there",
    fix: "choose a path of at most 107 bytes where no other file exists",
  },
  SOCKET_ACCESS_DENIED: {
    ...atStart,
    cause: "this user may not create the socket, or not connect to the one that exists",
    fix: "the message names the directory or the socket, its owner and mode, and the fix",
  },
  SOCKET_IN_USE: {
    ...atStart,
    cause: "another process serves the socket",
    fix: "stop it, or choose another path",
  },
  ADDRESS_MALFORMED: { ...malformed, cause: "a text is not an address and a port" },
  DURATION_MALFORMED: { ...malformed, cause: "a text is not a duration such as `15m`" },
} satisfies Record<RuntimeErrorCode, CodeHelp>;
