import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";

/** The allowed directories at one moment, with links resolved. */
export interface ResolvedDirectories {
  /** Whether a path without links is in an allowed directory and not in a private one. */
  hold(realPath: string): boolean;
}

/** The directories from which files may be served. A private directory inside an allowed one is excluded. */
export class AllowedDirectories {
  readonly #allowed: readonly string[];
  readonly #private: readonly string[];
  readonly #always: ReadonlySet<string>;

  /** `files` are allowed regardless of their directory: the operating system's bundles of public roots. */
  constructor(allowed: readonly string[], except: readonly string[], files: readonly string[] = []) {
    this.#allowed = allowed.map((directory) => resolve(directory));
    this.#private = except.map((directory) => resolve(directory));
    this.#always = new Set(files);
  }

  /** Decides from the path alone, so that the agent does not even look for files outside. */
  cover(path: string): boolean {
    return this.isAlwaysAllowed(path) || isHeld(resolve(path), this.#allowed, this.#private);
  }

  isAlwaysAllowed(path: string): boolean {
    return this.#always.has(path);
  }

  /** Resolved for each read, because volumes are mounted and directories are replaced at run time. */
  async resolved(): Promise<ResolvedDirectories> {
    const [allowed, except] = await Promise.all([realPaths(this.#allowed), realPaths(this.#private)]);
    return { hold: (realPath) => isHeld(realPath, allowed, except) };
  }
}

/** The nearest directory decides. A directory that is both allowed and private is private. */
function isHeld(path: string, allowed: readonly string[], except: readonly string[]): boolean {
  return nearest(path, allowed) > nearest(path, except);
}

/** The length of the longest directory that contains the path; 0 if none does. */
function nearest(path: string, directories: readonly string[]): number {
  const isBelow = (directory: string) =>
    path.startsWith(directory.endsWith(sep) ? directory : directory + sep);
  return Math.max(0, ...directories.filter(isBelow).map((directory) => directory.length));
}

async function realPaths(directories: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(directories.map((directory) => realpath(directory).catch(() => [])));
  return found.flat();
}
