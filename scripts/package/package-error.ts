/** The reason why a package cannot be built, for the user. */
export class PackageError extends Error {
  override readonly name = "PackageError";
}
