import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getOnce, type Mesh } from "@kasbah/cli/mesh";
import { eventually } from "@kasbah/testkit";
import { setUpTimeoutMs } from "../harness/envoy.ts";
import { startTestMesh } from "../harness/mesh.ts";
import { repositoryRoot } from "../harness/repository.ts";

const kasbah = join(repositoryRoot, "packages/cli/bin/kasbah.js");
const page = readFileSync(join(repositoryRoot, "docs/audit.md"), "utf8");

interface AccessLine {
  readonly peer: string | null;
  readonly serial: string | null;
  readonly upstream_peer: string | null;
}

describe("Request in Envoy's access log", function () {
  this.timeout(setUpTimeoutMs);
  let mesh: Mesh;
  let line: AccessLine;

  before(async () => {
    mesh = await startTestMesh({ secretTtlMs: 60_000 });
    await getOnce(mesh.entry, "/joined");
    line = await lineOf(mesh.backend.accessLogPath);
  });
  after(() => mesh?.stop());

  /** Envoy buffers its access log, so the line may arrive late. */
  async function lineOf(path: string): Promise<AccessLine> {
    const isOf = (text: string) => text.includes('"/joined"');
    const lines = () => (existsSync(path) ? readFileSync(path, "utf8").split("\n") : []);
    await eventually(() => lines().some(isOf));
    return JSON.parse(lines().find(isOf) ?? "");
  }

  function audit(...argv: string[]): string {
    const stateDir = ["--state-dir", mesh.ca.stateDirectory];
    return execFileSync(process.execPath, [kasbah, "audit", ...argv, ...stateDir], { encoding: "utf8" });
  }

  it("names the caller's certificate as it appears in the ledger", () => {
    assert.equal(line.peer, mesh.frontend.spiffeId);
    const { certificates } = JSON.parse(audit("cert", line.serial ?? "", "--json"));
    assert.equal(certificates.length, 1);
    assert.equal(certificates[0].entry.spiffeId, line.peer);
    assert.equal(certificates[0].entry.serial, line.serial);
  });

  it("names the called workload on the caller's side", async () => {
    const { upstream_peer } = await lineOf(mesh.frontend.accessLogPath);
    assert.equal(upstream_peer, mesh.backend.spiffeId);
  });

  it("is matched to its ledger entry by the jq program in docs/audit.md", function () {
    if (spawnSync("jq", ["--version"]).error !== undefined) this.skip();
    const [, program = ""] =
      /jq -cn --slurpfile issued issued\.jsonl '\n([\s\S]*?)' access\.log/.exec(page) ?? [];
    assert.ok(program.includes(".serial"), "the page must contain the program");
    const issued = join(mesh.runDirectory, "issued.jsonl");
    writeFileSync(issued, audit("export", "--since", "1h", "--kind", "issued"));
    const argv = ["-cn", "--slurpfile", "issued", issued, program, mesh.backend.accessLogPath];
    const joined = execFileSync("jq", argv, { encoding: "utf8" });
    const lines = joined
      .trimEnd()
      .split("\n")
      .map((text) => JSON.parse(text));
    const found = lines.find(({ path }) => path === "/joined");
    assert.equal(found.entry.serial, line.serial);
    assert.equal(found.entry.spiffeId, line.peer);
    assert.equal(found.entry.kind, "issued");
  });
});
