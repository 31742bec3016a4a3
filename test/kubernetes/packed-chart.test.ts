import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { packChart } from "../../deploy/chart/pack-chart.ts";
import { writtenNames } from "../../deploy/names.ts";
import { installed } from "../harness/chart/installations.ts";
import { byName, objectsIn } from "../harness/chart/yaml.ts";
import { repositoryRoot } from "../harness/repository.ts";
import { whyNoHelm } from "./build-tools.ts";
import { type Helm, openHelm } from "./helm-command.ts";

describe("Packed Helm chart", function () {
  // The first run builds Helm.
  this.timeout(0);
  let home: TemporaryDirectory;
  let helm: Helm;
  let archive: string;

  before(async function () {
    const missing = whyNoHelm();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    home = await temporaryDirectory();
    helm = await openHelm(home.path);
    const names = { ...writtenNames, registry: "registry.example:5000/team" };
    archive = await packChart({
      root: repositoryRoot,
      names,
      out: home.join("out"),
      ageSeconds: 1_790_000_000,
    });
  });

  after(() => home?.remove());

  it("passes helm lint --strict without a value, because its image has a registry", async () => {
    assert.match(await helm.run(["lint", "--strict", archive]), /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  it("renders what kasbah install prints for the same registry", async () => {
    const flags = ["--namespace=mesh", "--kube-version=1.35.0"];
    const image = { repository: "registry.example:5000/team/kasbah/server" };
    const rendered = await helm.run(["template", "kasbah", archive, ...flags]);
    assert.deepEqual(byName(objectsIn(rendered)), byName(installed({ image }, "mesh")));
  });

  it("shows Helm its name, its version and its values", async () => {
    const shown = await helm.run(["show", "all", archive]);
    assert.match(shown, /^name: kasbah$/m);
    assert.match(shown, /^ {2}repository: registry\.example:5000\/team\/kasbah\/server$/m);
  });
});
