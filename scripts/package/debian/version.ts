import { PackageError } from "../package-error.ts";

/** The version of the package. Debian sorts `0.2.0~rc.1` before `0.2.0`, but `0.2.0-rc.1` after it. */
export function debianVersion(version: string): string {
  const debian = version.replace("-", "~").replaceAll("-", ".");
  if (/^[0-9][0-9A-Za-z.+~]*$/.test(debian)) return debian;
  throw new PackageError(`version "${version}" of package.json is not a semantic version`);
}
