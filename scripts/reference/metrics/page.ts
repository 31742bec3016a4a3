import type { MetricDefinition } from "../../../packages/runtime/src/index.ts";
import { code, fromSubfolder, marked, table } from "../markdown.ts";
import { agentMetrics } from "./agent-metrics.ts";
import { caMetrics } from "./ca-metrics.ts";
import { metricLinks } from "./links.ts";

const intro = `# Metrics

This page lists every metric of \`kasbah-server\` and \`kasbah-agent\`. The CA serves them at \`--http-address\`, the agent at
\`--status-address\`, both under \`/metrics\` and \`/stats/prometheus\` in Prometheus's text format. Alert rules and a dashboard are in
\`deploy/prometheus/\` and \`deploy/grafana/\`.

Names that begin with \`citadel_\` and \`istio_agent_\` are Istio's, so Istio's dashboards keep working. A metric without labels exists from the start;
one with labels has a series for each combination of values that has occurred. A histogram has three names: \`…_bucket\`, \`…_sum\` and \`…_count\`.
`;

/** docs/reference/metrics.md */
export function metricsPage(): string {
  const [ca, agent] = [caMetrics(), agentMetrics()];
  const isIn = (list: readonly MetricDefinition[]) => (one: MetricDefinition) =>
    list.some(({ name }) => name === one.name);
  refuseStaleLinks([...ca, ...agent]);
  return fromSubfolder(
    [
      intro,
      section(
        "The CA",
        "",
        ca.filter((one) => !isIn(agent)(one)),
      ),
      section(
        "The agent",
        "See also [Wait, status and health](agent-status.md).\n\n",
        agent.filter((one) => !isIn(ca)(one)),
      ),
      section(
        "Both daemons",
        "The operating system provides some of them on Linux only.\n\n",
        ca.filter(isIn(agent)),
      ),
    ].join("\n"),
  );
}

function section(title: string, text: string, metrics: readonly MetricDefinition[]): string {
  const rows = metrics.map((one) => [
    code(one.name),
    one.type,
    one.labelNames.map(code).join(" "),
    unitOf(one),
    meaningOf(one),
  ]);
  return `## ${title}\n\n${text}${table(["metric", "type", "labels", "unit", "meaning"], rows)}`;
}

function meaningOf({ name, help }: MetricDefinition): string {
  const link = metricLinks[name];
  return `${marked(help.replace(/\.$/, ""))}${link === undefined ? "" : `. [More](${link})`}`;
}

/** Prometheus's convention is a name that ends with its unit. */
function unitOf({ name, unit }: MetricDefinition): string {
  if (unit !== undefined) return unit;
  if (name.endsWith("_timestamp")) return "seconds since the Unix epoch";
  return /_(seconds|bytes)(?:_total)?$/.exec(name)?.[1] ?? "";
}

function refuseStaleLinks(metrics: readonly MetricDefinition[]): void {
  const stale = Object.keys(metricLinks).filter((name) => !metrics.some((one) => one.name === name));
  if (stale.length > 0) throw new Error(`links.ts names metrics that do not exist: ${stale.join(", ")}`);
}
