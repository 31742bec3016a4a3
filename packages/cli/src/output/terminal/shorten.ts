const ellipsis = "…";

/** A text of at most `width` characters. It loses its middle, because names and fingerprints differ at their ends. */
export function shortenMiddle(text: string, width: number): string {
  if (text.length <= width) return text;
  const kept = Math.max(width - 1, 1);
  const head = Math.floor(kept / 3);
  return `${text.slice(0, head)}${ellipsis}${text.slice(text.length - (kept - head))}`;
}
