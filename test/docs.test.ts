import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { authorityKeyTypeNames, keyTypeNames } from "@kasbah/pki";
import { grpcStatus } from "@kasbah/runtime/rpc";
import { eccCurves, rsaKeySizes } from "../packages/agent/src/secret/workload-key.ts";
import { parsePolicy } from "../packages/ca-server/src/admission/policy/file.ts";
import { statusTable } from "../packages/ca-server/src/grpc/status-table.ts";
import { credentialKinds } from "../packages/ledger/src/entry/entry.ts";
import { linksIn } from "./docs-check/static/links.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

describe("Documentation", () => {
  const unions = globSync("packages/*/src/errors.ts", { cwd: root });

  it("explains every code that a user can encounter", () => {
    const page = read("docs/reference/errors.md");
    const codes = unions.flatMap((path) => codesIn(read(path)));
    assert.ok(codes.length > 40, `only ${codes.length} codes`);
    assert.deepEqual(
      codes.filter((code) => !page.includes(`| \`${code}\` |`)),
      [],
    );
  });

  it("explains every finding of the doctor that is not a code of the CA", () => {
    const page = read("docs/doctor.md");
    const sources = globSync("packages/{agent,cli}/src/doctor/**/*.ts", { cwd: root }).map(read);
    const finding = /(?:(?:critical|warning)\(\s*"[a-z]+",\s*|code: )"([A-Z_]+)"/g;
    const own = sources.flatMap((text) => [...text.matchAll(finding)].map(([, code = ""]) => code));
    assert.ok(own.length > 25, `only ${own.length} codes`);
    assert.deepEqual(
      own.filter((code) => !page.includes(`\`${code}\``)),
      [],
    );
  });

  it("lists exactly the codes of refused calls, each once and with its gRPC status", () => {
    const [ofCalls = ""] = read("docs/reference/errors.md").split("## The CA does not start");
    const rows = [...ofCalls.matchAll(/^\| `([A-Z_]+)` \| ([A-Z_]+) \|/gm)];
    assert.deepEqual(
      rows.map(([, code, status]) => `${code} ${status}`).toSorted(),
      Object.entries(statusTable)
        .map(([code, { status }]) => `${code} ${nameOfStatus(status)}`)
        .toSorted(),
    );
  });

  it("shows a policy that the CA accepts", () => {
    const [, yaml = ""] = /```yaml[^\n]*\n(.*?)```/s.exec(read("docs/policy.md")) ?? [];
    assert.equal(parsePolicy("docs/policy.md", yaml).rules.length, 4);
  });

  it("names every flag and variable of the daemons that --help prints", () => {
    for (const [daemon, bin] of [
      ["kasbah-server", "packages/ca-server/bin/kasbah-server.js"],
      ["kasbah-agent", "packages/agent/bin/kasbah-agent.js"],
    ] as const) {
      const [, ofDaemon = ""] = read("docs/reference/config.md").split(`\n## ${daemon}\n`);
      const [section = ""] = ofDaemon.split("\n## ");
      const help = execFileSync(process.execPath, [join(root, bin), "--help"], { encoding: "utf8" });
      const flags = [...help.matchAll(/^ {2}(--[a-z0-9-]+)/gm)].map(([, flag = ""]) => flag);
      const variables = [...help.matchAll(/\benv:\s+([A-Z0-9_]+)/g)].map(([, name = ""]) => name);
      assert.ok(flags.length >= 10 && variables.length >= 10, `${bin}: ${flags} ${variables}`);
      const missing = [...flags, ...variables].filter((name) => !section.includes(`\`${name}\``));
      assert.deepEqual(missing, [], daemon);
    }
  });

  it("names every metric of kasbah", () => {
    const page = read("docs/reference/metrics.md");
    const metrics = globSync("packages/{agent,ca-server,runtime}/src/**/*.ts", { cwd: root })
      .filter((path) => !/\.(test|fixture)\.ts$/.test(path))
      .flatMap((path) => metricsIn(read(path)).map((name) => ({ name, path })));
    assert.ok(new Set(metrics.map(({ path }) => path)).size >= 8, "expected metrics in many files");
    const missing = metrics.filter(({ name }) => !page.includes(`| \`${name}\` |`));
    assert.deepEqual(missing, []);
  });

  it("names every key type where users choose one, and every kind of credential", () => {
    for (const [page, start, names] of [
      ["docs/policy.md", "    keyTypes: ", keyTypeNames],
      ["docs/reference/config.md", "| `--root-key` ", authorityKeyTypeNames],
      ["docs/agent-environment.md", "| `ECC_CURVE` ", eccCurves],
      ["docs/agent-environment.md", "| `WORKLOAD_RSA_KEY_SIZE` ", rsaKeySizes],
      ["docs/audit.md", "| `caller.spiffeId`, `.kind` ", credentialKinds],
    ] as const) {
      const line = read(page)
        .split("\n")
        .find((each) => each.startsWith(start));
      const missing = names.filter((name) => !line?.includes(name));
      assert.deepEqual(missing, [], `${page}: ${start.trim()}`);
    }
  });

  it("links every page, every runbook and every page of the reference in docs/README.md", () => {
    const index = linksIn(read("docs/README.md")).map(({ path }) => join("docs", path));
    const pages = globSync("docs/{*,reference/*,runbooks/*}.md", { cwd: root }).filter(
      (path) => path !== "docs/README.md",
    );
    assert.deepEqual(
      pages.filter((path) => !index.includes(path)),
      [],
    );
  });
});

function metricsIn(source: string): readonly string[] {
  return [...source.matchAll(/"((?:citadel|istio|kasbah)_[a-z_]+)"/g)].map(([, name = ""]) => name);
}

function nameOfStatus(status: number): string | undefined {
  return Object.entries(grpcStatus).find(([, code]) => code === status)?.[0];
}

function codesIn(source: string): readonly string[] {
  return [...source.matchAll(/"([A-Z][A-Z]+(?:_[A-Z]+)+)"/g)].map(([, code = ""]) => code);
}
