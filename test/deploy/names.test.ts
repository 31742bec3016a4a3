import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigInvalidError } from "@kasbah/runtime";
import { images } from "../../deploy/image/images.ts";
import { parseOptions } from "../../deploy/image/options.ts";
import { readNames, referenceIn, writtenNames } from "../../deploy/names.ts";
import { readText, root } from "../harness/chart/yaml.ts";

describe("Names of a release", () => {
  it("contain no host, because anyone could register one that kasbah does not own", () => {
    assert.deepEqual([writtenNames.registry, writtenNames.repository], ["", ""]);
    for (const name of [writtenNames.serverImage, writtenNames.agentImage, writtenNames.chart])
      assert.doesNotMatch(name.split("/")[0] ?? "", /[.:]/);
  });

  it("are those of the images, in the registry of the flag, of the variable, or in none", () => {
    const [server] = images;
    const referenceFor = (argv: readonly string[], env = {}) =>
      referenceIn(readNames(env, parseOptions(argv).registry).registry, server?.repository ?? "");
    const env = { KASBAH_REGISTRY: "variable.example" };
    assert.equal(referenceFor([]), "kasbah/server");
    assert.equal(referenceFor([], env), "variable.example/kasbah/server");
    assert.equal(
      referenceFor(["--registry", "localhost:5000/team"], env),
      "localhost:5000/team/kasbah/server",
    );
  });

  it("refuse an address that is not a registry, or not a repository, and name the variable", () => {
    for (const [name, value] of [
      ["KASBAH_REGISTRY", "https://registry.example"],
      ["KASBAH_REPOSITORY", "git@git.example:team/kasbah"],
      ["KASBAH_REPOSITORY", "https://git.example/team/kasbah/"],
    ] as const)
      assert.throws(
        () => readNames({ [name]: value }),
        (error) => error instanceof ConfigInvalidError && error.message.includes(`${name} is "${value}"`),
      );
  });

  it("are published nowhere yet, so no page tells npx to fetch them", () => {
    const pages = globSync(["*.md", "{docs,packages,deploy,certs-dev,test,bench,protos}/**/*.md"], {
      cwd: root,
    });
    const found = pages
      .filter((path) => !path.includes("node_modules"))
      .filter((path) => /\bnpx (-y |--yes )?(kasbah|certs-dev)/.test(readFileSync(join(root, path), "utf8")));
    assert.deepEqual(found, []);
  });

  it("go with one version in every package", () => {
    const packages = globSync(["package.json", "packages/*/package.json", "certs-dev/package.json"], {
      cwd: root,
    });
    const versions = packages.map((path) => JSON.parse(readText(path)).version);
    assert.equal(new Set(versions).size, 1, versions.join());
  });

  it("reach the command by npm run generate", () => {
    const { registry, serverImage } = writtenNames;
    assert.deepEqual(JSON.parse(readText("packages/cli/generated/names.json")), { registry, serverImage });
  });
});
