import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { startFakeCa, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { Pod } from "../harness/pod.ts";
import { repositoryRoot } from "../harness/repository.ts";
import { saveIssuer } from "../harness/token-issuer.ts";
import { suiteTimeoutMs } from "../harness/until.ts";

interface Listed {
  readonly type: string;
  readonly labels: ReadonlySet<string>;
}

/** The metrics of the reference, by name. */
function listedMetrics(): ReadonlyMap<string, Listed> {
  const page = readFileSync(join(repositoryRoot, "docs/reference/metrics.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` \| (\w+) \|([^|]*)\|/gm);
  return new Map(
    [...rows].map(([, name = "", type = "", labels = ""]) => {
      return [
        name,
        { type, labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label)) },
      ];
    }),
  );
}

/** What the reference lists for both daemons without labels, and a scrape does not have. */
function absent(scrape: string): readonly string[] {
  const page = readFileSync(join(repositoryRoot, "docs/reference/metrics.md"), "utf8");
  const [, section = ""] = page.split("## Both daemons\n");
  const names = [...section.matchAll(/^\| `(\w+)` \| \w+ \| \|/gm)].map(([, name = ""]) => name);
  assert.ok(names.length > 10);
  return names.filter((name) => !scrape.includes(`# TYPE ${name} `));
}

/** What a scrape has and the reference does not: names with another type, and labels. */
function unlisted(scrape: string): readonly string[] {
  const listed = listedMetrics();
  const types = [...scrape.matchAll(/^# TYPE (\w+) (\w+)$/gm)];
  assert.ok(types.length > 40, `only ${types.length} metrics`);
  const names = types.filter(([, name = "", type]) => listed.get(name)?.type !== type);
  const labels = [...scrape.matchAll(/^(\w+?)(?:_bucket)?\{(.*?)\} /gm)].flatMap(([, name = "", text = ""]) =>
    [...text.matchAll(/(\w+)="/g)]
      .filter(([, label = ""]) => label !== "le" && !listed.get(name)?.labels.has(label))
      .map(([, label]) => `${name}{${label}}`),
  );
  return [...names.map(([line]) => line), ...labels];
}

describe("The reference of metrics", function () {
  this.timeout(suiteTimeoutMs);

  it("lists all that a running CA serves, with types and labels", async () => {
    await using directory = await temporaryDirectory();
    const { flags } = await saveIssuer(directory.join("issuer"));
    const ca = new CaProcess({ stateDir: directory.join("state"), flags });
    try {
      await ca.logged("daemon started");
      const scrape = await ca.status("/metrics");
      assert.deepEqual(unlisted(scrape), []);
      assert.deepEqual(absent(scrape), []);
    } finally {
      await ca.kill();
    }
  });

  it("lists all that a running agent serves, with types and labels", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    const pod = await Pod.create({ ca });
    try {
      const flags = { "--workload-socket": pod.path("workload"), "--output-certs": pod.path("files") };
      const agent = pod.start({ flags: { ...flags, "--on-rotate": "true" } });
      await agent.says("secret published");
      const scrape = await agent.status("/metrics");
      assert.deepEqual(unlisted(scrape), []);
      assert.deepEqual(absent(scrape), []);
    } finally {
      await pod[Symbol.asyncDispose]();
      await ca.close();
    }
  });
});
