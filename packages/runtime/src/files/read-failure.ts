import { constants, type Stats } from "node:fs";
import { access, readlink, stat } from "node:fs/promises";
import { dirname, join, parse, resolve, sep } from "node:path";
import { getegid, geteuid, getgroups } from "node:process";
import { errnoOf } from "../errors.ts";

/** The user for which a file must be readable. */
export interface ReadingUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

/** Why a file cannot be read. */
export interface ReadFailure {
  /** With the code of the system call, if there is one. */
  readonly reason: string;
  /** An imperative; undefined if the fix depends on what the file is for. */
  readonly fix: string | undefined;
}

/** As many links as Linux follows. */
const maxLinks = 40;

/**
 * Explains why `path` could not be read with `error`, from what the file system shows now: which part of the path is
 * in the way, whose it is, and for whom this process reads.
 */
export async function explainReadFailure(
  path: string,
  error: unknown,
  reader = thisProcess(),
): Promise<ReadFailure> {
  const errno = errnoOf(error);
  const explain = errno === undefined ? undefined : explanations[errno];
  if (explain !== undefined) return explain(resolve(path), reader);
  const reason = error instanceof Error ? error.message : String(error);
  return { reason: errno === undefined ? reason : errno, fix: undefined };
}

/** One sentence: the path, the reason, and the fix, which is `hint` if the file system shows no better one. */
export async function describeReadFailure(path: string, error: unknown, hint: string): Promise<string> {
  const { reason, fix = hint } = await explainReadFailure(path, error);
  return `${path}: ${reason}; ${fix}`;
}

const explanations: Readonly<Record<string, (path: string, reader: ReadingUser) => Promise<ReadFailure>>> = {
  EACCES: explainDenied,
  EPERM: explainDenied,
  ENOENT: explainMissing,
  ENOTDIR: explainMissing,
  EISDIR: async () => directoryInTheWay,
  ELOOP: async () => ({ reason: "its links lead in a circle (ELOOP)", fix: "replace the link" }),
};

const directoryInTheWay: ReadFailure = {
  reason: "it is a directory (EISDIR)",
  fix: "name a file; if a container engine created the directory because the source of the mount was missing, remove it and create the source",
};

async function explainDenied(path: string, reader: ReadingUser): Promise<ReadFailure> {
  const who = `this process runs as ${describeReader(reader)}`;
  const denied = await findDenied(path);
  if (denied === undefined) {
    const reason = `permission denied (EACCES), although the mode of ${path} permits it: ${who}`;
    return { reason, fix: "check the rules of SELinux or AppArmor, and the type of the volume" };
  }
  const { what, place, stats } = denied;
  const owner = `${what} ${place} belongs to uid ${stats.uid}, gid ${stats.gid} with mode ${modeOf(stats)}`;
  const bits = what === "file" ? "r" : "rx";
  return {
    reason: `permission denied (EACCES): ${who}, and the ${owner}`,
    fix: `run chgrp ${reader.gid} and chmod g+${bits} on it; in Kubernetes, set fsGroup: ${reader.gid} in the pod's securityContext`,
  };
}

interface Denied {
  readonly what: "file" | "directory";
  readonly place: string;
  readonly stats: Stats;
}

/** The first part of a path that this process may not search or read, also behind links. */
async function findDenied(path: string, links = 0): Promise<Denied | undefined> {
  for (const place of prefixesOf(path)) {
    const stats = await stat(place).catch(() => undefined);
    if (stats === undefined) {
      const target = await readlink(place).catch(() => undefined);
      if (target === undefined || links >= maxLinks) return undefined;
      return findDenied(resolve(dirname(place), target), links + 1);
    }
    const isDirectory = stats.isDirectory();
    const mode = isDirectory && place !== path ? constants.X_OK : constants.R_OK;
    const isDenied = await access(place, mode).then(
      () => false,
      () => true,
    );
    if (isDenied) return { what: isDirectory ? "directory" : "file", place, stats };
  }
  return undefined;
}

async function explainMissing(path: string): Promise<ReadFailure> {
  for (const place of prefixesOf(path)) {
    const behind = await stat(place).catch(() => undefined);
    if (behind === undefined) return { reason: await absenceOf(place, path), fix: undefined };
    if (place !== path && !behind.isDirectory()) {
      return { reason: `${place} is a file, not a directory (ENOTDIR)`, fix: undefined };
    }
  }
  return { reason: "it was missing for a moment (ENOENT)", fix: undefined };
}

async function absenceOf(place: string, path: string): Promise<string> {
  const target = await readlink(place).catch(() => undefined);
  if (target !== undefined) return `${place} is a link to ${target}, which does not exist (ENOENT)`;
  return `${place === path ? "it" : `the directory ${place}`} does not exist (ENOENT)`;
}

/** `/`, `/a`, `/a/b` … up to the path itself. */
function prefixesOf(path: string): readonly string[] {
  const { root } = parse(path);
  const prefixes = [root];
  for (const part of path.slice(root.length).split(sep)) {
    if (part !== "") prefixes.push(join(prefixes.at(-1) ?? root, part));
  }
  return prefixes;
}

function describeReader({ uid, gid, groups }: ReadingUser): string {
  const others = groups.filter((one) => one !== gid);
  return `uid ${uid}, gid ${gid}${others.length === 0 ? "" : ` and groups ${others.join(", ")}`}`;
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

function thisProcess(): ReadingUser {
  return { uid: geteuid?.() ?? -1, gid: getegid?.() ?? -1, groups: getgroups?.() ?? [] };
}
