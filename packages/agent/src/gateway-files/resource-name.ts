/** A resource name of Istio's file family. Its paths are unchanged. */
export type FileName =
  | { readonly kind: "pair"; readonly certificate: string; readonly key: string }
  | { readonly kind: "roots"; readonly path: string }
  | { readonly kind: "system-roots" };

const pairPrefix = "file-cert:";
const rootsPrefix = "file-root:";
const separator = "~";
/** Linux limits a path to this length, including the closing NUL. */
const maxPathBytes = 4095;

/**
 * Parses `file-cert:<certificate>~<key>`, `file-root:<path>` or `file-root:system` (Istio's
 * `GetResourceName`); undefined for any other name. A path must be absolute or start with `./`, must name a
 * file and must not contain `..`.
 */
export function parseFileName(name: string): FileName | undefined {
  if (name.startsWith(pairPrefix)) return parsePair(name.slice(pairPrefix.length));
  if (!name.startsWith(rootsPrefix)) return undefined;
  const path = name.slice(rootsPrefix.length);
  if (path === "system") return { kind: "system-roots" };
  return isPlainPath(path) ? { kind: "roots", path } : undefined;
}

/** The paths in a name, in order. `file-root:system` contains none. */
export function pathsOf(files: FileName): readonly string[] {
  if (files.kind === "pair") return [files.certificate, files.key];
  return files.kind === "roots" ? [files.path] : [];
}

function parsePair(text: string): FileName | undefined {
  const [certificate = "", key = "", ...more] = text.split(separator, 3);
  if (more.length > 0 || !isPlainPath(certificate) || !isPlainPath(key)) return undefined;
  return { kind: "pair", certificate, key };
}

/** `~` separates a pair, so a path that contains it would be ambiguous. The kernel ends a path at a NUL. */
function isPlainPath(path: string): boolean {
  if (!path.startsWith("/") && !path.startsWith("./")) return false;
  if (path.endsWith("/") || path.includes(separator) || !path.isWellFormed()) return false;
  if (Buffer.byteLength(path) > maxPathBytes || hasControlCharacter(path)) return false;
  const [, ...segments] = path.split("/");
  return segments.every((segment) => segment !== ".." && segment !== "." && segment !== "");
}

function hasControlCharacter(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}
