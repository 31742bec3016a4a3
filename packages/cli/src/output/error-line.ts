/**
 * The last line on stderr of a failed command, for people and for the `kasbah` at the other end of kubectl
 * exec.
 */
export function errorLine({ code, message }: ErrorLine): string {
  return `\nkasbah: ${message} (${code})\n`;
}

export interface ErrorLine {
  readonly code: string;
  readonly message: string;
}

/** The error line that ends a text; undefined if there is none. */
export function parseErrorLine(text: string): ErrorLine | undefined {
  const start = `\n${text}`.lastIndexOf("\nkasbah: ");
  const found = /^kasbah: ([\s\S]*) \(([A-Z]+(?:_[A-Z0-9]+)*)\)\s*$/.exec(start < 0 ? "" : text.slice(start));
  const [, message, code] = found ?? [];
  return code === undefined || message === undefined ? undefined : { code, message };
}
