import { parseArgs } from "node:util";
import { PackageError } from "./package-error.ts";

/** The options of the command line. */
export interface PackageOptions {
  readonly out: string;
  readonly json: boolean;
  readonly help: boolean;
}

export const packageHelp = `Usage: npm run package -- [options]

Builds what a machine without containers installs: a Debian package and a tarball, each with the three commands, the Node
version that package.json pins, and systemd units. The same commit gives the same bytes. It requires dpkg-deb and GNU tar,
and neither root nor the network: see docs/packages.md.

Options:
  --out <folder>  the directory for kasbah_<version>_<architecture>.deb and kasbah-<version>-linux-<architecture>.tar.gz;
                  default out
  --json          print a summary on standard output, progress on standard error (npm run --silent package -- --json)
  --help          print this help

Environment:
  SOURCE_DATE_EPOCH     the time of all files, in seconds since 1970; default: the time of the commit
  DEBFULLNAME, DEBEMAIL the maintainer in the Debian package
`;

/** @throws PackageError if the command line is invalid */
export function parsePackageOptions(argv: readonly string[]): PackageOptions {
  const flag = { type: "boolean", default: false } as const;
  const options = { out: { type: "string", default: "out" }, json: flag, help: flag } as const;
  try {
    return parseArgs({ args: [...argv], options }).values;
  } catch (cause) {
    throw new PackageError(`${cause instanceof Error ? cause.message : cause}; see --help`, { cause });
  }
}
