import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { repositoryRoot } from "../harness/repository.ts";

const run = promisify(execFile);

describe("npm run chart", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const pack = (env: Readonly<Record<string, string>>, ...argv: readonly string[]) =>
    run(
      process.execPath,
      ["--conditions=kasbah-source", "deploy/chart/main.ts", "--out", directory.path, ...argv],
      {
        cwd: repositoryRoot,
        env: { PATH: process.env["PATH"] ?? "", SOURCE_DATE_EPOCH: "1790000000", ...env },
      },
    );

  it("packs every file of the chart, with the image in the registry as its default", async () => {
    const { stdout } = await pack({}, "--registry", "registry.example:5000/team");
    const [path = ""] = stdout.split("\n");
    assert.match(path, /\/kasbah-\d+\.\d+\.\d+\.tgz$/);
    assert.match(stdout, /helm push \S+ oci:\/\/registry\.example:5000\/team\/charts$/m);
    await run("tar", ["-xzf", path, "-C", directory.path]);
    const chart = join(repositoryRoot, "deploy/helm/kasbah");
    const files = (folder: string) =>
      globSync("**/*", { cwd: folder, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(folder.length));
    assert.deepEqual(files(directory.join("kasbah")).toSorted(), files(chart).toSorted());
    const changed = [];
    for (const file of files(chart)) {
      const [source, packed] = [
        await readFile(join(chart, file), "utf8"),
        await readFile(directory.join("kasbah", file), "utf8"),
      ];
      const lines = source.split("\n");
      changed.push(...packed.split("\n").filter((line, at) => line !== lines[at]));
    }
    assert.deepEqual(changed, ["  repository: registry.example:5000/team/kasbah/server"]);
  });

  it("gives the same bytes for the same sources", async () => {
    const digestOf = async (registry: string) => {
      const [path = ""] = (await pack({ KASBAH_REGISTRY: registry })).stdout.split("\n");
      return (await readFile(path)).toString("base64");
    };
    assert.equal(await digestOf("registry.example"), await digestOf("registry.example"));
  });

  it("refuses to run without a registry, and says what to set", async () => {
    const expected =
      /^chart: no registry is set: pass --registry registry\.example\/team, or set KASBAH_REGISTRY, [^\n]+\n$/;
    await assert.rejects(pack({}), (error: Error & { readonly code: number; readonly stderr: string }) => {
      assert.equal(error.code, 1);
      assert.match(error.stderr, expected);
      return true;
    });
  });

  it("refuses an address that is not a registry in one sentence", async () => {
    await assert.rejects(pack({}, "--registry", "https://registry.example"), {
      code: 1,
      stderr: /^chart: [^\n]*--registry is "https:\/\/registry\.example": expected a host[^\n]+\n$/,
    });
  });
});
