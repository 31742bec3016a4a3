/**
 * sockaddr_un.sun_path holds 108 bytes including the NUL. The kernel or libuv silently truncates a longer
 * path.
 */
export const maxSocketPathBytes = 107;

const example = "/run/kasbah/socket";
/** A path in a URI is shown in the fix only if it contains nothing that a terminal or a shell would interpret. */
const plainPath = /^[\w./@%+,:~-]+$/;

/** Parses the path of a Unix socket, which need not exist. Throws TypeError. */
export function parseSocketPath(text: string): string {
  if (text === "") expected(`the path of a Unix socket, such as ${example}`);
  if (text.startsWith("@") || text.startsWith("\0")) {
    expected(`a path: a socket in the abstract namespace has no permissions; write ${example}`);
  }
  if (text.includes("\0")) expected("a path without NUL");
  refuseAddress(text);
  if (/(?:^|\/)\.{0,2}$/.test(text)) {
    expected(`the path of the socket itself, not of its directory: add a name, such as ${inDirectory(text)}`);
  }
  const length = Buffer.byteLength(text);
  if (length > maxSocketPathBytes) {
    expected(`at most ${maxSocketPathBytes} bytes, not ${length}: choose a shorter path`);
  }
  return text;
}

/** What clients of the socket, or other settings, write in place of a path. */
function refuseAddress(text: string): void {
  const [, scheme, rest = ""] = /^(unix(?:-abstract)?):(.*)$/is.exec(text) ?? [];
  if (scheme?.toLowerCase() === "unix") {
    const path = rest.replace(/^\/+/, "/");
    const fix = plainPath.test(path) && !path.endsWith("/") ? path : example;
    expected(`a path, not the URI that clients of the socket use: write ${fix}`);
  }
  if (scheme !== undefined) {
    expected(`a path: a socket in the abstract namespace has no permissions; write ${example}`);
  }
  const [, other] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  if (other !== undefined)
    expected(`the path of a Unix socket, not a URI: only Unix sockets are possible here; write ${example}`);
  if (/^(?:[^/]*|\[[^/]*\]):\d+$/.test(text)) {
    expected(
      `the path of a Unix socket, not host:port: only Unix sockets are possible here; write ${example}`,
    );
  }
}

function inDirectory(text: string): string {
  const directory = text.replace(/\/+$/, "");
  return plainPath.test(directory) ? `${directory}/socket` : example;
}

/** Ends the parser; the settings that use it add the text to the message. */
function expected(what: string): never {
  throw new TypeError(`expected ${what}`);
}
