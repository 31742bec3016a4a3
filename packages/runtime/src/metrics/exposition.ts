import type { MetricDefinition } from "./definition.ts";

/** The labels of one sample, by name. */
export type Labels = Readonly<Record<string, string | number>>;

/** The content type of a scrape in this format. */
export const contentType = "text/plain; version=0.0.4; charset=utf-8";

/** The two lines before the samples of a metric, in Prometheus's text format 0.0.4. */
export function headOf({ name, help, type }: MetricDefinition): string {
  return `# HELP ${name} ${help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n# TYPE ${name} ${type}\n`;
}

/** One line: a name, its labels and its value. */
export function sampleLine(name: string, labels: Labels, value: number): string {
  const listed = Object.entries(labels).map(([label, text]) => `${label}="${escaped(String(text))}"`);
  return `${name}${listed.length === 0 ? "" : `{${listed.join(",")}}`} ${numeral(value)}\n`;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => escapes[character] ?? character);
}

/** `+Inf`, `-Inf`, `NaN`, or JavaScript's notation of a number, which Go reads. */
function numeral(value: number): string {
  return String(value).replace(/^(-?)Infinity$/, (_, sign: string) => `${sign || "+"}Inf`);
}
