import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { installations, installed } from "../harness/chart/installations.ts";
import { byName, chartPath, objectsIn } from "../harness/chart/yaml.ts";
import { whyNoHelm } from "./build-tools.ts";
import { type Helm, openHelm } from "./helm-command.ts";

describe("Helm chart", function () {
  // The first run builds Helm.
  this.timeout(0);
  let home: TemporaryDirectory;
  let helm: Helm;

  before(async function () {
    const missing = whyNoHelm();
    if (missing !== undefined) {
      process.stdout.write(`      ${missing}\n`);
      this.skip();
    }
    home = await temporaryDirectory();
    helm = await openHelm(home.path);
  });

  after(() => home?.remove());

  for (const [name, given] of Object.entries(installations)) {
    it(`renders the same objects as kasbah install: ${name}`, async () => {
      const flags = ["--namespace=mesh", "--kube-version=1.35.0", "--values=-"];
      const rendered = await helm.run(["template", "kasbah", chartPath, ...flags], {
        stdin: JSON.stringify(given),
      });
      assert.deepEqual(byName(objectsIn(rendered)), byName(installed(given, "mesh")));
    });
  }
});
