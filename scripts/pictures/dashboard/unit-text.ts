/** A value in the unit of a panel, as short as Grafana's. */
export function unitText(value: number, unit: string): string {
  switch (unit) {
    case "s":
      return durationText(value);
    case "percentunit":
      return `${round(value * 100)} %`;
    case "reqps":
    case "cps":
      return `${round(value)}/s`;
    case "bytes":
      return bytesText(value);
    default:
      return round(value);
  }
}

const spans = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
  ["ms", 0.001],
] as const;

function durationText(seconds: number): string {
  const [name, length] = spans.find(([, one]) => Math.abs(seconds) >= one) ?? ["ms", 0.001];
  return seconds === 0 ? "0 s" : `${round(seconds / length)} ${name}`;
}

function bytesText(bytes: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  const at = Math.min(Math.max(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 0), names.length - 1);
  return `${round(bytes / 1024 ** at)} ${names[at]}`;
}

/** Three significant digits. */
function round(value: number): string {
  return String(Number(value.toPrecision(value >= 1000 ? 4 : 3)));
}
