import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { grpcStatus } from "@kasbah/runtime/grpc";
import { parsePolicy } from "../packages/ca-server/src/admission/policy-file.ts";
import { statusTable } from "../packages/ca-server/src/grpc/status.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");

describe("The documents", () => {
  const unions = globSync("packages/*/src/{errors,runtime-error}.ts", { cwd: root });

  it("explain every code that a user can meet", () => {
    const page = read("docs/errors.md") + read("docs/refusals.md");
    const codes = unions.flatMap((path) => codesIn(read(path)));
    assert.ok(codes.length > 40, `only ${codes.length} codes`);
    assert.deepEqual(
      codes.filter((code) => !page.includes(`\`${code}\``)),
      [],
    );
  });

  it("list the codes of refused calls, each once, with the status that it comes with, and no other code", () => {
    const rows = [...read("docs/refusals.md").matchAll(/^\| `([A-Z_]+)` \| ([A-Z_]+) \|/gm)];
    assert.deepEqual(
      rows.map(([, code, status]) => `${code} ${status}`).toSorted(),
      Object.entries(statusTable)
        .map(([code, { status }]) => `${code} ${nameOfStatus(status)}`)
        .toSorted(),
    );
  });

  it("show a policy that the CA takes", () => {
    const [, yaml = ""] = /```yaml\n(.*?)```/s.exec(read("docs/policy.md")) ?? [];
    assert.equal(parsePolicy("docs/policy.md", yaml).rules.length, 4);
  });

  it("name every flag and variable of the daemons, as their --help does", () => {
    for (const [page, bin] of [
      ["docs/ca-server.md", "packages/ca-server/bin/kasbah-server.js"],
      ["docs/agent.md", "packages/agent/bin/kasbah-agent.js"],
    ] as const) {
      const help = execFileSync(process.execPath, [join(root, bin), "--help"], { encoding: "utf8" });
      const flags = [...help.matchAll(/^ {2}(--[a-z0-9-]+)/gm)].map(([, flag = ""]) => flag);
      const variables = [...help.matchAll(/\benv:\s+([A-Z0-9_]+)/g)].map(([, name = ""]) => name);
      assert.ok(flags.length >= 10 && variables.length >= 10, `${bin}: ${flags} ${variables}`);
      const missing = [...flags, ...variables].filter((name) => !read(page).includes(`\`${name}\``));
      assert.deepEqual(
        missing.filter((name) => name !== "--version"),
        [],
        page,
      );
    }
  });

  it("name every metric of ours", () => {
    const pages = read("docs/ca-server.md") + read("docs/agent.md") + read("docs/output-certs.md");
    for (const path of [
      "packages/ca-server/src/http/metrics.ts",
      "packages/ca-server/src/http/authority-metrics.ts",
      "packages/agent/src/status/metrics.ts",
      "packages/agent/src/output-certs/file-metrics.ts",
    ]) {
      const names = [...read(path).matchAll(/"((?:citadel|istio|kasbah)_[a-z_]+)"/g)].map(
        ([, name = ""]) => name,
      );
      assert.ok(names.length >= 2, path);
      const shortened = (name: string) => pages.includes(`\`…_${name.split("_").slice(2).join("_")}`);
      const missing = names.filter((name) => !pages.includes(`\`${name}`) && !shortened(name));
      assert.deepEqual(
        missing.filter((name) => name !== "citadel_server_root_cert_expiry_seconds"),
        [],
        path,
      );
    }
  });

  it("link only to what is there", () => {
    const pages = globSync(["*.md", "docs/**/*.md", "{packages/*,protos,certs-dev,bench}/*.md"], {
      cwd: root,
    });
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)]
        .filter(([, target = ""]) => !existsSync(join(root, dirname(page), target)))
        .map(([, target]) => `${page}: ${target}`),
    );
    assert.deepEqual(broken, []);
  });
});

function nameOfStatus(status: number): string | undefined {
  return Object.entries(grpcStatus).find(([, code]) => code === status)?.[0];
}

function codesIn(source: string): readonly string[] {
  return [...source.matchAll(/"([A-Z][A-Z]+(?:_[A-Z]+)+)"/g)].map(([, code = ""]) => code);
}
