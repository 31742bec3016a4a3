import { PackageError } from "../package-error.ts";

/** The maintainer of a package that no one publishes. */
const unpublished = "kasbah <maintainer@kasbah.invalid>";

/** The maintainer as Debian's tools read it from the environment. */
export function maintainerOf(env: Readonly<Record<string, string | undefined>>): string {
  const { DEBFULLNAME: name = "", DEBEMAIL: address = "" } = env;
  if (name === "" && address === "") return unpublished;
  const isValid = /^[^<>\n]+$/.test(name) && /^[^<>@\s]+@[^<>@\s]+$/.test(address);
  if (isValid) return `${name} <${address}>`;
  throw new PackageError("DEBFULLNAME and DEBEMAIL: expected a name and a mail address, or neither");
}
