/** Parses a mode in which the owner can read; others may be able to read, but cannot write or execute. */
export function parseFileMode(text: string): number {
  const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : 0;
  if ((mode & 0o400) === 0 || (mode & 0o133) !== 0) {
    throw new Error("expected an octal file mode that only the owner can write, such as 0600 or 0640");
  }
  return mode;
}
