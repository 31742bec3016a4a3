import assert from "node:assert/strict";
import { readText, readYaml } from "../harness/chart/yaml.ts";

const chart = "deploy/helm/kasbah";

describe("Chart.yaml", () => {
  it("contains the icon of icon.svg", () => {
    const { icon } = readYaml(`${chart}/Chart.yaml`) as { readonly icon: string };
    const [kind, bytes = ""] = icon.split(",", 2);
    assert.equal(kind, "data:image/svg+xml;base64");
    assert.equal(Buffer.from(bytes, "base64").toString(), readText(`${chart}/icon.svg`).trim());
  });
});

describe("The chart's values", () => {
  it("each have a comment in values.yaml, or belong to a group that has one", () => {
    const lines = readText(`${chart}/values.yaml`).split("\n");
    const groups = lines.flatMap((line, index) => (/^[a-z]/i.test(line) ? [index] : []));
    const bare = groups.filter((at, place) => {
      const group = lines.slice(at, groups[place + 1]).join("\n");
      return !group.includes("#") && !lines[at - 1]?.startsWith("#");
    });
    assert.deepEqual(
      bare.map((at) => lines[at]),
      [],
    );
  });

  it("are in the chart's README or in values.yaml only, never unknown there", () => {
    const known = JSON.stringify(readYaml(`${chart}/values.yaml`));
    const rows = readText(`${chart}/README.md`).matchAll(/^\| `([A-Za-z]+)[.:`]/gm);
    for (const [, group = ""] of rows) assert.ok(known.includes(`"${group}"`), group);
  });
});
