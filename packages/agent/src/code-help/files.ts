import type { CodeHelp } from "@kasbah/runtime";

const agent = { section: "The agent", level: "warn" } as const;
const gateway = {
  ...agent,
  reaction: "keeps serving the previous content of that name, and checks again if the files change",
} as const;

/** Codes of the files that the agent reads and writes. */
export const fileCodeHelp = {
  MOUNTED_CERTS_INVALID: {
    ...agent,
    cause: "the mounted certificates cannot be served; the message names the rule or the file",
    reaction: "checks again if the files change, and every minute",
    fix: "the owner of the mounted files",
  },
  CACHED_SECRET_INVALID: {
    ...agent,
    cause: "the cached secret does not fit: expected after a change of name, key type or roots",
    reaction: "deletes the cached secret and requests a new one",
    fix: "nothing",
  },
  CACHED_SECRET_NOT_YET_VALID: {
    ...agent,
    cause: "the cached secret is valid in the future only, so the node's clock is behind",
    reaction: "keeps the cached secret without serving it, and requests a new one",
    fix: "the node's clock",
  },
  OUTPUT_PATH_BLOCKED: {
    ...agent,
    level: "error",
    cause: "a directory is in the place of an output file; the message names it",
    reaction: "keeps the previous [output files](output-certs.md), writes no key, retries within 30 s",
    fix: "move it away",
  },
  OUTPUT_DIRECTORY_IN_USE: {
    ...agent,
    level: "error",
    exit: 1,
    cause: "two agents have the same [`--output-certs`](output-certs.md#one-agent-for-each-directory)",
    reaction: "exits at start; later it writes no files, and takes over when the other agent stops",
    fix: "give each agent its own directory",
  },
  FILE_REFUSED: {
    ...gateway,
    cause: "the path of a `file-cert:` or `file-root:` name is outside of the allowed directories",
    fix: "`--file-directory`, or the name: [Gateway certificates](gateway-files.md#troubleshooting)",
  },
  FILE_UNREADABLE: {
    ...gateway,
    cause: "a file of a `file-cert:` or `file-root:` name is missing or cannot be read",
    fix: "the mounted files: [Gateway certificates](gateway-files.md#troubleshooting)",
  },
  FILE_INVALID: {
    ...gateway,
    cause: "the files of a `file-cert:` or `file-root:` name are malformed, or do not belong together",
    fix: "the mounted files: [Gateway certificates](gateway-files.md#troubleshooting)",
  },
} satisfies Record<string, CodeHelp>;
