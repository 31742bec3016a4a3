import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readText, readYaml, root } from "../harness/chart/yaml.ts";
import { providePromtool, whyNoPromtool } from "./programs.ts";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly runbook_url: string };
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

/** The metrics of an expression that the documents do not have. */
function unknownMetrics(expr: string): readonly string[] {
  const pages = readText("docs/ca-server.md") + readText("docs/agent.md");
  const names = expr.match(/\b(?:citadel|istio|kasbah)_[a-z_]+/g) ?? [];
  return names.filter(
    (name) => !pages.includes(`\`${name.replace(/_(bucket|sum|count)$/, "")}`) && !pages.includes(name),
  );
}

describe("The alerts", () => {
  it("look at metrics that there are", () => {
    assert.ok(alerts.length > 10);
    assert.deepEqual(
      alerts.flatMap(({ expr }) => unknownMetrics(expr)),
      [],
    );
  });

  it("each lead to a page that says what to do, and every page is led to", () => {
    const pages = new Set(alerts.map(({ annotations }) => annotations.runbook_url.split("/").at(-1)));
    assert.deepEqual([...pages].sort(), readdirSync(join(root, "docs/runbooks")).sort());
    for (const { alert, annotations } of alerts) {
      const page = readText(`docs/runbooks/${annotations.runbook_url.split("/").at(-1)}`);
      assert.ok(page.startsWith(`# ${alert}\n`), alert);
    }
  });

  it("fire when they should, and only then", async function () {
    // The first run fetches.
    this.timeout(120_000);
    const say = (line: string) => process.stdout.write(`      ${line}\n`);
    const missing = whyNoPromtool();
    if (missing !== undefined) {
      say(`the alerts are not tried: ${missing}`);
      return this.skip();
    }
    const promtool = await providePromtool(say);
    const options = { cwd: join(root, "deploy/prometheus"), encoding: "utf8" } as const;
    assert.match(execFileSync(promtool, ["check", "rules", "alerts.yaml"], options), /SUCCESS/);
    assert.match(execFileSync(promtool, ["test", "rules", "alerts.test.yaml"], options), /SUCCESS/);
  });
});

describe("The dashboard", () => {
  it("shows metrics that there are, in every panel", () => {
    const shown = panels.filter(({ type }) => type !== "row");
    assert.ok(shown.length > 12);
    for (const { title, targets = [] } of shown) assert.ok(targets.length > 0, title);
    assert.deepEqual(
      shown.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => unknownMetrics(expr))),
      [],
    );
  });

  it("has no two panels with one number, or in one place", () => {
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const places = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
      Array.from({ length: h * w }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
    );
    assert.equal(new Set(places).size, places.length);
    assert.ok(panels.every(({ gridPos: { x, w } }) => x + w <= 24));
  });
});
