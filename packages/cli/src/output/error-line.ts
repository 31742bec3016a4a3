/** How the command ends its stderr when it fails: a person reads it, and so does `kasbah` at the other end of kubectl. */
export function errorLine({ code, message }: ErrorLine): string {
  return `\nkasbah: ${message} (${code})\n`;
}

export interface ErrorLine {
  readonly code: string;
  readonly message: string;
}

/** The line that ends a text, with the code in it; undefined when none does. */
export function parseErrorLine(text: string): ErrorLine | undefined {
  const start = `\n${text}`.lastIndexOf("\nkasbah: ");
  const found = /^kasbah: ([\s\S]*) \(([A-Z]+(?:_[A-Z0-9]+)*)\)\s*$/.exec(start < 0 ? "" : text.slice(start));
  const [, message, code] = found ?? [];
  return code === undefined || message === undefined ? undefined : { code, message };
}
