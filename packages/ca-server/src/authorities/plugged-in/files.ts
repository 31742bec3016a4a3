import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errnoOf } from "@kasbah/runtime";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { StateError } from "../../errors.ts";
import { isExposed, modeText } from "../keys/file-access.ts";
import { fileNames, hasName, homeOf, layoutOf, type PluggedInNames } from "./layout.ts";

/** The files of a plugged-in CA by purpose, all read at one moment. */
export interface PluggedInFiles {
  readonly certificate: string;
  readonly key: string;
  /** Empty if the layout has no such file. */
  readonly chain: string;
  readonly roots: string;
  /** SHA-256 in hex over the names and contents. */
  readonly digest: string;
  readonly names: PluggedInNames;
}

/** The result of reading the directory once. */
interface Sighting {
  readonly home: string;
  readonly names: PluggedInNames;
  readonly contents: ReadonlyMap<string, Content>;
  readonly digest: string;
}

/** The content of a file, the reason why it is not readable, or undefined if it does not exist. */
type Content = Buffer | StateError | undefined;

const maxFileBytes = 1024 * 1024;
const readAttempts = 5;

/**
 * Reads all files as of one moment, although the kubelet or an operator may replace them meanwhile. Returns
 * undefined if none exists.
 *
 * @throws StateError `PLUGGED_IN_INCOMPLETE`, `PLUGGED_IN_REJECTED`, `AUTHORITY_KEY_EXPOSED`
 */
export async function readPluggedInFiles(directory: string): Promise<PluggedInFiles | undefined> {
  for (let attempt = 1; attempt <= readAttempts; attempt++) {
    const seen = await inspectHome(directory);
    const again = await inspectHome(directory);
    // A failure also counts only if it persists, because the first read may have coincided with a swap.
    if (seen.home === again.home && seen.digest === again.digest) return filesOf(directory, seen);
  }
  throw new StateError(
    "PLUGGED_IN_INCOMPLETE",
    `the files in ${directory} changed during each of ${readAttempts} reads: replace them all in one step`,
  );
}

/**
 * Returns a digest of the relevant files; "" if there are none. An unreadable file contributes its reason, so
 * that a corrected mode counts as a change. Never throws.
 */
export async function digestPluggedInFiles(directory: string): Promise<string> {
  return (await inspectHome(directory)).digest;
}

async function inspectHome(directory: string): Promise<Sighting> {
  const home = await homeOf(directory);
  const names = await layoutOf(home);
  const found = await Promise.all(
    fileNames(names).map(async (name) => {
      const content = await contentOf(join(home, name), join(directory, name), name === names.key);
      return [name, content] as const;
    }),
  );
  return { home, names, contents: new Map(found), digest: digestOf(found) };
}

function digestOf(found: readonly (readonly [string, Content])[]): string {
  const facts = found.flatMap(([name, content]) => {
    if (content === undefined) return [];
    return [[name, Buffer.isBuffer(content) ? sha256(content) : content.message]];
  });
  return facts.length === 0 ? "" : sha256(JSON.stringify(facts));
}

function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function filesOf(directory: string, { names, contents, digest }: Sighting): PluggedInFiles | undefined {
  const missing = fileNames(names).filter((name) => contents.get(name) === undefined);
  if (missing.length === contents.size) return undefined;
  if (missing.length > 0) {
    throw new StateError(
      "PLUGGED_IN_INCOMPLETE",
      `${directory} does not contain ${missing.join(", ")}: a plugged-in CA consists of ${fileNames(names).join(", ")}`,
    );
  }
  const text = (name: string | undefined) => (name === undefined ? "" : textOf(contents.get(name)));
  return {
    certificate: text(names.certificate),
    key: text(names.key),
    chain: text(names.chain),
    roots: text(names.roots),
    digest,
    names,
  };
}

function textOf(content: Content): string {
  if (content instanceof StateError) throw content;
  return content?.toString("utf8") ?? "";
}

/** Links are followed: a kubelet mount consists of them, and the operator controls the directory. */
async function contentOf(path: string, shownAs: string, isKey: boolean): Promise<Content> {
  try {
    // Without O_NONBLOCK, opening a pipe that has no writer would block forever.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      return problemOf(shownAs, stats, isKey) ?? (await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const reason = errnoOf(cause);
    if (reason === "ENOTDIR")
      return rejected(`${dirname(shownAs)} is a file: name the directory that contains the CA`, cause);
    if (reason !== "ENOENT")
      return rejected(`cannot read ${await describeReadFailure(shownAs, cause, "replace it")}`, cause);
    return (await hasName(path)) ? rejected(`${shownAs} is a dangling link`, cause) : undefined;
  }
}

function problemOf(path: string, stats: Stats, isKey: boolean): StateError | undefined {
  if (!stats.isFile()) return rejected(`${path} is not a regular file`);
  if (stats.size > maxFileBytes)
    return rejected(`${path} has ${stats.size} bytes, expected at most ${maxFileBytes}`);
  if (!isKey || !isExposed(stats)) return undefined;
  return new StateError(
    "AUTHORITY_KEY_EXPOSED",
    `${path} has mode ${modeText(stats)}, so other users may read the key, expected 0600, 0400, or 0440 with a group of the CA: run chmod 600 on it, or set defaultMode: 0400 on the volume of its Kubernetes Secret`,
  );
}

function rejected(message: string, cause?: unknown): StateError {
  return new StateError("PLUGGED_IN_REJECTED", message, { cause });
}
