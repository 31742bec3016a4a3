import type { DashboardPanel } from "../../../test/harness/monitoring/dashboard.ts";
import { escapedXml } from "../escaped-xml.ts";
import { type AnsweredPanel, drawPanel, type Period } from "./draw-panel.ts";

const [columnWidth, rowHeight, top] = [48, 22, 34];
const width = 24 * columnWidth;

const style = `
    text { font: 12px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
    .name { font-weight: 600; } .row { font-size: 14px; font-weight: 600; }
    .quiet { fill: #59636e; font-size: 11px; } .end { text-anchor: end; } .middle { text-anchor: middle; }
    .value { font-size: 30px; font-weight: 600; text-anchor: middle; }
    .green { fill: #1a7f37; } .yellow, .orange { fill: #9a6700; } .red { fill: #d1242f; }
    .back { fill: #f6f8fa; } .panel { fill: #ffffff; stroke: #d1d9e0; } .grid { stroke: #eaeef2; fill: none; }
    .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
    .s0 { stroke: #0969da; } .s1 { stroke: #1a7f37; } .s2 { stroke: #bc4c00; } .s3 { stroke: #8250df; } .s4 { stroke: #bf3989; } .s5 { stroke: #4d7480; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; } .quiet { fill: #9198a1; }
      .green { fill: #3fb950; } .yellow, .orange { fill: #d29922; } .red { fill: #f85149; }
      .back { fill: #010409; } .panel { fill: #0d1117; stroke: #3d444d; } .grid { stroke: #21262d; }
      .s0 { stroke: #58a6ff; } .s1 { stroke: #3fb950; } .s2 { stroke: #f0883e; } .s3 { stroke: #bc8cff; } .s4 { stroke: #ff7bc0; } .s5 { stroke: #76a3b0; }
    }
  `;

/** The rows of the dashboard that come first, drawn from the answers to their queries. */
export function dashboardPicture(
  all: readonly (AnsweredPanel | { readonly panel: DashboardPanel })[],
  period: Period,
): string {
  const rows = Math.max(...all.map(({ panel: { gridPos } }) => gridPos.y + gridPos.h));
  const height = top + rows * rowHeight + 8;
  const drawn = all.map((one) => {
    const { x, y, w, h } = one.panel.gridPos;
    const [left, above] = [x * columnWidth, top + y * rowHeight];
    if (!("lines" in one))
      return `<text class="row" x="${left + 8}" y="${above + 17}">${escapedXml(one.panel.title)}</text>\n`;
    return drawPanel(one, { x: left, y: above, width: w * columnWidth, height: h * rowHeight }, period);
  });
  const minutes = Math.round((period.end - period.start) / 60);
  const note = `kasbah: ${minutes} minutes of a CA with three agents, drawn from the answers of Prometheus to the queries of the dashboard`;
  const titles = all.flatMap((one) => ("lines" in one ? [one.panel.title] : []));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">
  <title id="title">The first rows of the Grafana dashboard of kasbah</title>
  <desc id="desc">${escapedXml(`Panels: ${titles.join(", ")}.`)}</desc>
  <style>${style}</style>
  <rect class="back" width="${width}" height="${height}"/>
  <text class="quiet" x="8" y="21">${escapedXml(note)}</text>
${drawn.join("")}</svg>
`;
}
