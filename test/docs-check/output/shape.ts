/** What differs in each run, and the mark that stands for it when output is compared. */
const varying: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| UTC)?/g, "{time}"],
  [/\d{4}-\d\d-\d\d/g, "{time}"],
  [
    /\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d+,? +[\d:]+(?: (?:GMT|UTC))?(?: \d{4})?(?: GMT)?/g,
    "{time}",
  ],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "{uid}"],
  [/\b([a-z]+)-[a-z0-9]{9,10}-[a-z0-9]{5}\b/g, "$1-{pod}"],
  [/\b(?:[0-9A-F]{2}:){7,}(?:[0-9A-F]{2}\b|…)/gi, "{hex}"],
  // A page may shorten it.
  [/\b(?=[0-9a-f]*\d)(?:[0-9a-f]{8,}\b…?|[0-9a-f]{4,}…)/gi, "{hex}"],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, "{address}"],
  [/(?<=\d\.\d+|\]|localhost|\w\.svc):\d{2,5}\b/g, ":{port}"],
  [/\b\d+(\.\d+)? ?(?:[KMGT]i?B?|bytes|B)\b/g, "{size}"],
  [/\b(?:\d+(?:\.\d+)? ?(?:ms|min|[dhms])(?=\d|\b) ?)+/g, "{duration} "],
  [/\bpid \d+\b/g, "pid {number}"],
  [/\(now\)/g, "({duration} ago)"],
  [/\b(?:\d{1,3},)*\d{3,}\b/g, "{number}"],
];

/** A line of output with marks in place of all that differs in each run, and single spaces. */
export function shapeOf(line: string): string {
  const shape = varying.reduce((text, [pattern, mark]) => text.replace(pattern, mark), line);
  return (
    shape
      .replace(/\bin \{duration\}|\{duration\} (ago|left)/g, "{distance}")
      .replace(/[\s│]+/g, " ")
      // Releases of OpenSSL differ in "CN = x".
      .replaceAll(" = ", "=")
      .replaceAll(" )", ")")
      .trim()
  );
}

/** Whether a line is as the page shows it: `…` in the page stands for any text, and `<word>` for one word. */
export function looksLike(line: string, shown: string): boolean {
  return patternOf(shapeOf(shown)).test(shapeOf(line));
}

function patternOf(shape: string): RegExp {
  const source = shape
    .split(/(…|<[\w -]+>)/)
    .map((part) => {
      if (part === "…") return ".*";
      if (/^<[\w -]+>$/.test(part)) return "\\S+";
      return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    })
    .join("");
  return new RegExp(`^${source}$`);
}
