import type { DashboardPanel } from "../../../test/harness/monitoring/dashboard.ts";
import type { Series } from "../../../test/harness/monitoring/prometheus.ts";
import { escapedXml } from "../escaped-xml.ts";
import { unitText } from "./unit-text.ts";

/** A panel with the answers to its queries, each with the names of its series. */
export interface AnsweredPanel {
  readonly panel: DashboardPanel;
  readonly lines: readonly NamedSeries[];
}

export interface NamedSeries {
  readonly name: string;
  readonly points: Series["points"];
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The times of a picture, in seconds since the Unix epoch. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

const colors = 6;

export function drawPanel(answered: AnsweredPanel, box: Box, period: Period): string {
  const { x, y, width, height } = box;
  const frame = `<rect class="panel" x="${x + 3}" y="${y + 3}" width="${width - 6}" height="${height - 6}" rx="3"/>`;
  const title = `<text class="name" x="${x + 12}" y="${y + 21}">${escapedXml(answered.panel.title)}</text>`;
  const content = answered.panel.type === "stat" ? drawStat(answered, box) : drawChart(answered, box, period);
  return `${frame}${title}${content}\n`;
}

/** The last value, in the color of its threshold. */
function drawStat({ panel, lines }: AnsweredPanel, { x, y, width, height }: Box): string {
  const { unit = "none", noValue = "no data", thresholds, mappings } = panel.fieldConfig?.defaults ?? {};
  const value = lines[0]?.points.at(-1)?.[1];
  const color = thresholds?.steps.findLast(
    (step) => value !== undefined && value >= (step.value ?? -Infinity),
  )?.color;
  const mapped = mappings
    ?.map(({ options }) => options[String(value)]?.text)
    .find((text) => text !== undefined);
  const text = value === undefined ? noValue : (mapped ?? unitText(value, unit));
  const place = `x="${x + width / 2}" y="${y + height / 2 + 18}"`;
  return `<text class="value ${color ?? ""}" ${place}>${escapedXml(text)}</text>`;
}

function drawChart({ panel, lines }: AnsweredPanel, { x, y, width, height }: Box, period: Period): string {
  const unit = panel.fieldConfig?.defaults.unit ?? "none";
  const plot = { left: x + 62, right: x + width - 14, top: y + 32, bottom: y + height - 38 };
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
  if (values.length === 0)
    return `<text class="quiet middle" x="${x + width / 2}" y="${y + height / 2 + 8}">no data: nothing of this kind has happened</text>`;
  const [least, most] = [Math.min(0, ...values), Math.max(...values, 0) || 1];
  const at = ([time, value]: readonly [number, number]) => {
    const right =
      plot.left + ((time - period.start) / (period.end - period.start)) * (plot.right - plot.left);
    const down = plot.bottom - ((value - least) / (most - least)) * (plot.bottom - plot.top);
    return `${Math.round(right)} ${Math.round(down)}`;
  };
  const grid = [least, (least + most) / 2, most].map((value) => {
    const [, level] = at([period.start, value]).split(" ");
    const label = `<text class="quiet end" x="${plot.left - 8}" y="${Number(level) + 4}">${unitText(value, unit)}</text>`;
    return `<path class="grid" d="M${plot.left} ${level}H${plot.right}"/>${label}`;
  });
  const paths = lines.map(({ points }, index) => {
    const shown = points.filter(([, value]) => Number.isFinite(value));
    return `<path class="line s${index % colors}" d="M${shown.map(at).join("L")}"/>`;
  });
  return [...grid, ...paths, drawLegend(lines, x + 12, y + height - 14, width - 24)].join("");
}

function drawLegend(lines: readonly NamedSeries[], x: number, y: number, width: number): string {
  let used = 0;
  const shown: string[] = [];
  for (const [index, { name }] of lines.entries()) {
    const length = name.length * 6.4 + 30;
    if (used + length > width) break;
    shown.push(
      `<path class="line s${index % colors}" d="M${Math.round(x + used)} ${y - 4}h12"/><text class="quiet" x="${Math.round(x + used + 17)}" y="${y}">${escapedXml(name)}</text>`,
    );
    used += length;
  }
  return shown.join("");
}
