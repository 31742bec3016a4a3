import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { dashboardPicture } from "../scripts/pictures/dashboard/dashboard-picture.ts";
import { excerptOf } from "../scripts/pictures/demo/excerpt.ts";
import { terminalPicture } from "../scripts/pictures/terminal/terminal-picture.ts";
import { terminalLines, textOf } from "../scripts/pictures/terminal/terminal-text.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const ESC = String.fromCharCode(27);

describe("Pictures of the documentation", () => {
  const pictures = globSync("docs/pictures/*.svg", { cwd: root }).toSorted();
  const pages = ["README.md", "ARCHITECTURE.md", ...globSync("docs/**/*.md", { cwd: root })]
    .map(read)
    .join("\n");

  it("are well-formed XML, small, and described for readers who do not see them", () => {
    assert.ok(pictures.length >= 6, String(pictures));
    const parse = "import sys, xml.dom.minidom as m; [m.parse(path) for path in sys.argv[1:]]";
    execFileSync("python3", ["-c", parse, ...pictures], { cwd: root, encoding: "utf8" });
    for (const path of pictures) {
      const text = read(path);
      assert.ok(text.length < 60_000, `${path}: ${text.length} characters`);
      assert.match(
        text,
        /^<svg [^>]*role="img" aria-labelledby="title desc">\n {2}<title id="title">.{10,}<\/title>/,
        path,
      );
      assert.match(text, /<desc id="desc">.{40,}<\/desc>/, path);
    }
  });

  it("have a dark form, and load nothing from elsewhere", () => {
    for (const path of pictures) {
      const text = read(path).replace('xmlns="http://www.w3.org/2000/svg"', "");
      assert.match(text, /@media \(prefers-color-scheme: dark\)/, path);
      assert.doesNotMatch(
        text,
        /<(?:script|image|foreignObject|use)\b|@import|@font-face|href=|url\((?!#)/,
        path,
      );
    }
  });

  it("are each shown by a page", () => {
    const unused = pictures.filter((path) => !pages.includes(path.replace("docs/", "")));
    assert.deepEqual(unused, []);
  });

  it("show only commands that the README or the demo's page has", () => {
    const [, typed = ""] =
      /<tspan class="d">\$ <\/tspan><tspan class="b">(.*?)<\/tspan>/.exec(read("docs/pictures/demo.svg")) ??
      [];
    const documented = [
      ...`${read("README.md")}\n${read("docs/demo.md")}`.matchAll(/^```\w*[^\n]*\n(.*?)^```/gms),
    ];
    const commands = documented.flatMap(([, block = ""]) =>
      block.split("\n").map((line) => line.replace(/^\$ | +#.*$/g, "")),
    );
    assert.ok(
      typed !== "" && commands.includes(typed),
      `${typed}: no page has this command; run npm run pictures`,
    );
  });

  it("show every step of the demo, in order, and its result", () => {
    const shown = read("docs/pictures/demo.svg");
    const steps = [...read("docs/demo.md").matchAll(/^\| (\d) [A-Z]/gm)].map(([, step]) => step);
    const drawn = [...shown.matchAll(/<tspan class="b">(\d) {2}/g)].map(([, step]) => step);
    assert.ok(steps.length >= 6);
    assert.deepEqual(drawn, steps);
    assert.match(shown, /failures {8}<\/tspan>0</);
    assert.match(shown, /All checks passed in [\d.]+ s\./);
  });
});

describe("The picture of the dashboard", () => {
  it("has the panels with which the dashboard begins, in their order", () => {
    const { panels } = JSON.parse(read("deploy/grafana/kasbah.json")) as { panels: { title: string }[] };
    const drawn = [
      ...read("docs/pictures/dashboard.svg").matchAll(/<text class="(?:name|row)"[^>]*>([^<]*)</g),
    ];
    assert.ok(drawn.length > 20);
    assert.deepEqual(
      drawn.map(([, title]) => title),
      panels.slice(0, drawn.length).map(({ title }) => title),
    );
  });

  it("draws the last value of a stat in the color of its threshold, and a series as a line with its unit", () => {
    const gridPos = { h: 8, w: 12, x: 0, y: 0 };
    const steps = [
      { color: "green", value: null },
      { color: "red", value: 0.1 },
    ];
    const defaults = { unit: "percentunit", thresholds: { mode: "absolute", steps } };
    const points = [
      [0, 0.05],
      [60, 0.25],
    ] as const;
    const lines = [{ name: "share <all>", points }];
    const panel = { title: "Refused", gridPos, fieldConfig: { defaults } };
    const period = { start: 0, end: 60 };
    const drawn = (type: "stat" | "timeseries") =>
      dashboardPicture([{ panel: { ...panel, type }, lines }], period);
    assert.match(drawn("stat"), /<text class="value red"[^>]*>25 %<\/text>/);
    assert.match(drawn("timeseries"), />25 %<\/text>.*<path class="line s0" d="M\d+ \d+L\d+ \d+"\/>/s);
    assert.match(drawn("timeseries"), />share &lt;all&gt;<\/text>/);
  });
});

describe("The picture of a terminal", () => {
  it("has what a terminal shows in the end, in the styles of its control sequences", () => {
    const printed = `one${ESC}[1mtwo${ESC}[0m\r\n\r${ESC}[K   busy\r${ESC}[Kdone\r\n`;
    assert.deepEqual(terminalLines(printed), [
      [
        { text: "one", style: 0 },
        { text: "two", style: 1 },
      ],
      [{ text: "done", style: 0 }],
      [],
    ]);
  });

  it("leaves out what npm prints and what is too long, and escapes what XML would interpret", () => {
    const printed = `> kasbah start\n\n1  A <title> & more\n   ${"x".repeat(200)}\n\n   a second part\n\nend\n`;
    const lines = excerptOf(terminalLines(printed));
    assert.deepEqual(
      lines.map(textOf).map((text) => text.slice(0, 18)),
      ["1  A <title> & mor", "   xxxxxxxxxxxxxxx", "", "end"],
    );
    assert.equal(textOf(lines[1] ?? []).length, 98);
    const svg = terminalPicture({ command: "a && b", lines });
    assert.match(svg, /1 {2}A &lt;title&gt; &amp; more/);
    assert.match(svg, /<title id="title">a &amp;&amp; b in a terminal<\/title>/);
  });
});
