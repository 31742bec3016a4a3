import { basename, dirname } from "node:path";

interface File {
  readonly path: string;
}

/** The folders with more than `most` files. */
export function crowdedFolders(files: readonly File[], most: number): readonly string[] {
  return repeated(
    files.map(({ path }) => dirname(path)),
    most + 1,
  );
}

/** The prefixes, up to the first hyphen, that at least `least` files of a folder share. */
export function sharedPrefixes(files: readonly File[], least: number): readonly string[] {
  const prefixed = files.filter(({ path }) => basename(path).includes("-"));
  return repeated(
    prefixed.map(({ path }) => `${dirname(path)}/${basename(path).split("-", 1)[0]}-*`),
    least,
  );
}

function repeated(names: readonly string[], least: number): readonly string[] {
  return [...Map.groupBy(names, (name) => name)]
    .filter(([, { length }]) => length >= least)
    .map(([name, { length }]) => `${name}: ${length} files`);
}
