import { systemClock } from "../../../packages/runtime/src/index.ts";
import { type DashboardPanel, dashboardPanels, filled } from "../../../test/harness/monitoring/dashboard.ts";
import { caNamespace, ObservedMesh } from "../../../test/harness/monitoring/observed-mesh.ts";
import type { Series } from "../../../test/harness/monitoring/prometheus.ts";
import type { AnsweredPanel, NamedSeries, Period } from "./draw-panel.ts";

/** The row with which the picture ends: the whole dashboard would be too long for a page. */
const lastRow = "Latency";
const observedMs = 180_000;
const points = 60;

/** The panels of the first rows, with the answers of a real Prometheus about three minutes of traffic. */
export async function observe(say: (line: string) => void): Promise<{
  readonly panels: readonly (AnsweredPanel | { readonly panel: DashboardPanel })[];
  readonly period: Period;
}> {
  await using mesh = await ObservedMesh.start(say);
  const start = systemClock.now().getTime();
  await makeTraffic(mesh, start + observedMs);
  const end = Math.floor(systemClock.now().getTime() / 1000);
  // Rates need some seconds of scrapes.
  const period = { start: Math.ceil(start / 1000) + 20, end };
  const panels: (AnsweredPanel | { readonly panel: DashboardPanel })[] = [];
  for (const panel of firstRows()) {
    if (panel.type === "row") panels.push({ panel });
    else panels.push({ panel, lines: await answers(panel, mesh, period) });
  }
  return { panels, period };
}

function firstRows(): readonly DashboardPanel[] {
  const all = dashboardPanels();
  const last = all.findIndex(({ type, title }) => type === "row" && title === lastRow);
  const end = all.findIndex(({ type }, at) => at > last && type === "row");
  return all.slice(0, end);
}

async function answers(
  { targets = [] }: DashboardPanel,
  mesh: ObservedMesh,
  period: Period,
): Promise<readonly NamedSeries[]> {
  const lines: NamedSeries[] = [];
  const step = (period.end - period.start) / points;
  for (const { expr, legendFormat } of targets) {
    const found = await mesh.prometheus.queryRange(filled(expr, caNamespace, "15s"), { ...period, step });
    lines.push(...found.map((series) => ({ name: legend(legendFormat, series), points: series.points })));
  }
  return lines;
}

function legend(format: string, { labels }: Series): string {
  return format.replace(/\{\{(\w+)\}\}/g, (_, name: string) => labels[name] ?? "");
}

/** Pods that start in waves, some with a token for another audience, and now and then a client with an old root. */
async function makeTraffic(mesh: ObservedMesh, untilMs: number): Promise<void> {
  for (let turn = 0; systemClock.now().getTime() < untilMs; turn++) {
    const wave = 1 + Math.round(3 * (1 + Math.sin(turn / 25)));
    for (let each = 0; each < wave; each++) await mesh.call(`app-${(turn * 7 + each) % 400}`);
    if (turn % 9 === 0) await mesh.call("billing", "vault");
    if (turn % 14 === 0) await mesh.distrust();
    await systemClock.sleep(250);
  }
}
