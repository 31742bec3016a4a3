import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Everything that a release may contain. */
const allowed =
  /^(package\.json|README\.md|LICENSE|LICENSES\.txt|bin\/[\w-]+\.js|console\/(index\.html|console\.(js|css))|dist\/([\w-]+\.mjs|chunks\/[\w-]+\.mjs|start\/[\w-]+\.js)|generated\/((codes|names)\.json|completion\.(bash|zsh|fish)))$/;

/** A key, and not only its label, which the code contains. */
const key = /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/;
const token = /\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,}/;

/**
 * The reasons why the files of a release must not be published: unexpected files such as tests and sources, keys and
 * tokens, source maps, and paths of the machine that built it.
 */
export function privateContent(folder: string, machinePaths: readonly string[]): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => !entry.isDirectory(),
  );
  return entries.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name).slice(join(folder, "/").length);
    if (!allowed.test(path) || !entry.isFile()) return [`${path}: unexpected file`];
    const text = readFileSync(join(folder, path), "utf8");
    return problemsOf(text, machinePaths).map((problem) => `${path}: ${problem}`);
  });
}

function problemsOf(text: string, machinePaths: readonly string[]): readonly string[] {
  const problems: [boolean, string][] = [
    [key.test(text), "contains a private key"],
    [token.test(text), "contains a token"],
    [/\/\/# sourceMappingURL=/.test(text), "names a source map"],
  ];
  const named = machinePaths.filter((path) => text.includes(path));
  return [
    ...problems.filter(([isSo]) => isSo).map(([, problem]) => problem),
    ...named.map((path) => `contains ${path}, a path of this machine`),
  ];
}
