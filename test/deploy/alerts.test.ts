import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { statusTable } from "../../packages/ca-server/src/grpc/status-table.ts";
import { alertGroups } from "../../packages/cli/src/install/objects/monitoring/alert-rules.ts";
import { readText, readYaml, root } from "../harness/chart/yaml.ts";
import { providePromtool, whyNoPromtool } from "../harness/promtool.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook: string };
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string }[];
}

const { groups } = readYaml("deploy/prometheus/alerts.yaml") as { groups: { rules: Alert[] }[] };
const alerts = groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(readText("deploy/grafana/kasbah.json")) as { panels: Panel[] };

/** The metrics of an expression that the reference does not list. */
function unknownMetrics(expr: string): readonly string[] {
  const page = readText("docs/reference/metrics.md");
  const names = expr.match(/\b(?:citadel|istio|kasbah)_[a-z_]+/g) ?? [];
  const isListed = (name: string) => page.includes(`| \`${name}\` |`);
  return names.filter((name) => !isListed(name) && !isListed(name.replace(/_(bucket|sum|count)$/, "")));
}

/** Whether an alert's expression selects refusals with this code. */
function countsRefusal(expr: string, code: string): boolean {
  const [, operator = "", codes = ""] = /kasbah_refusals\{code(=~|!~)"([^"]+)"/.exec(expr) ?? [];
  return operator !== "" && codes.split("|").includes(code) === (operator === "=~");
}

const alertHeadings = ["Meaning", "Impact", "Diagnosis", "Fix"];
const incidentHeadings = ["Symptoms", "Impact", "Steps", "Verify", "Next"];

describe("Alert rules", () => {
  it("alerts use only documented metrics", () => {
    assert.ok(alerts.length > 10);
    assert.deepEqual(
      alerts.flatMap(({ expr }) => unknownMetrics(expr)),
      [],
    );
  });

  it("alerts are all listed in the installation page, with their severities", () => {
    const severities = Map.groupBy(alerts, ({ alert }) => alert);
    for (const [alert, rules] of severities) {
      const row = new RegExp(`^\\| \\[${alert}\\]\\(runbooks/.*?\\.md\\) \\| (.*?) \\|`, "m").exec(
        readText("docs/install.md"),
      );
      const expected = [...new Set(rules.map(({ labels }) => labels.severity))].toSorted();
      assert.deepEqual(row?.[1]?.split(", ").toSorted(), expected, alert);
    }
  });

  it("alerts each link to their own runbook, and every runbook has the sections of an alert or of an incident", () => {
    const pages = new Set(alerts.map(({ annotations }) => annotations.runbook));
    const found = readdirSync(join(root, "docs/runbooks")).map((name) => `docs/runbooks/${name}`);
    assert.deepEqual(
      [...pages].filter((page) => !found.includes(page)),
      [],
    );
    for (const page of found.filter((one) => !pages.has(one))) {
      const headings = [...readText(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      const isIncident = headings[0] === "Symptoms";
      const expected = isIncident ? incidentHeadings : alertHeadings;
      assert.deepEqual(isIncident ? headings : headings.filter((one) => one !== "Verify"), expected, page);
    }
    for (const { alert, annotations } of alerts) {
      const text = readText(annotations.runbook);
      assert.ok(text.startsWith(`# ${alert}\n`), alert);
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      assert.deepEqual(headings, alertHeadings, alert);
      assert.match(text, /^ *```(sh|console|promql)/m, `${alert}: no command to run`);
    }
  });

  it("alerts link to published runbooks if a URL is given", () => {
    const links = JSON.stringify(alertGroups("https://wiki.example/kasbah")).match(/"runbook[^,}]*/g) ?? [];
    assert.equal(links.length, alerts.length);
    for (const link of links) {
      assert.match(link, /^"runbook_url":"https:\/\/wiki\.example\/kasbah\/[a-z-]+\.md"$/);
    }
  });

  it("alerts cover every refusal code of the CA exactly once, and every outage with a critical alert", () => {
    for (const [code, { level, alert }] of Object.entries(statusTable)) {
      const counting = alerts.filter(({ expr }) => countsRefusal(expr, code));
      assert.deepEqual(
        counting.map((each) => each.alert),
        [alert],
        code,
      );
      if (level === "error") assert.equal(counting[0]?.labels.severity, "critical", code);
    }
  });

  it("alerts fire in promtool's scenarios if and only if they are expected", async function () {
    // The first run downloads promtool.
    const say = (line: string) => process.stdout.write(`      ${line}\n`);
    const missing = whyNoPromtool();
    if (missing !== undefined) {
      say(`skipped: ${missing}`);
      return this.skip();
    }
    const promtool = await providePromtool(say);
    const options = { cwd: join(root, "deploy/prometheus"), encoding: "utf8" } as const;
    assert.match(execFileSync(promtool, ["check", "rules", "alerts.yaml"], options), /SUCCESS/);
    assert.match(execFileSync(promtool, ["test", "rules", "alerts.test.yaml"], options), /SUCCESS/);
  });
});

describe("Grafana dashboard", () => {
  it("panels use only documented metrics", () => {
    const shown = panels.filter(({ type }) => type !== "row");
    assert.ok(shown.length > 12);
    for (const { title, targets = [] } of shown) assert.ok(targets.length > 0, title);
    assert.deepEqual(
      shown.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => unknownMetrics(expr))),
      [],
    );
  });

  it("panels have unique ids and do not overlap", () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const places = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    assert.equal(new Set(places).size, places.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });
});
