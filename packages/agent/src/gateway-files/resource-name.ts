/** What a resource name of Istio's file family asks for. The paths are as they were written. */
export type FileName =
  | { readonly kind: "pair"; readonly certificate: string; readonly key: string }
  | { readonly kind: "roots"; readonly path: string }
  | { readonly kind: "system-roots" };

const pairPrefix = "file-cert:";
const rootsPrefix = "file-root:";
const separator = "~";
/** Linux takes no longer path, its closing NUL included. */
const maxPathBytes = 4095;

/**
 * Reads `file-cert:<certificate>~<key>`, `file-root:<path>` or `file-root:system` (Istio's `GetResourceName`); undefined for
 * everything else. Paths are absolute or begin with `./`, name a file, and go up nowhere.
 */
export function parseFileName(name: string): FileName | undefined {
  if (name.startsWith(pairPrefix)) return parsePair(name.slice(pairPrefix.length));
  if (!name.startsWith(rootsPrefix)) return undefined;
  const path = name.slice(rootsPrefix.length);
  if (path === "system") return { kind: "system-roots" };
  return isPlainPath(path) ? { kind: "roots", path } : undefined;
}

/** The paths that a name says, in its order. Which bundle of roots the system has, it does not say. */
export function pathsOf(files: FileName): readonly string[] {
  if (files.kind === "pair") return [files.certificate, files.key];
  return files.kind === "roots" ? [files.path] : [];
}

function parsePair(text: string): FileName | undefined {
  const [certificate = "", key = "", ...more] = text.split(separator, 3);
  if (more.length > 0 || !isPlainPath(certificate) || !isPlainPath(key)) return undefined;
  return { kind: "pair", certificate, key };
}

/** `~` divides a pair; a path with one would be read in two ways. A NUL ends the path early in the kernel's eyes. */
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
