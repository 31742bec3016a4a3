import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { startClusterScene } from "../../bench/storm/cluster-scene.ts";
import { renderStorm, stormFigures } from "../../bench/storm/figures.ts";
import { runStorm, type StormResult } from "../../bench/storm/run-storm.ts";
import type { StormScene } from "../../bench/storm/scene.ts";
import { sharedControlPlane } from "./hooks.ts";

const pods = Number(process.env["KASBAH_STORM_PODS"] ?? 1_000);
const patienceMs = 600_000;

describe(`CA under a storm of ${pods} pods of three namespaces`, function () {
  this.timeout(900_000);
  let directory: TemporaryDirectory;
  let scene: StormScene;
  let result: StormResult;

  before(async () => {
    directory = await temporaryDirectory();
    scene = await startClusterScene(sharedControlPlane(), pods);
    result = await runStorm(directory.path, scene, { agents: "stock", overMs: 0, patienceMs });
    process.stdout.write(renderStorm("A storm through TokenReview", stormFigures(result)));
  });

  after(async () => {
    await scene?.stop();
    await directory?.remove();
  });

  it("serves every pod in the end, and refuses none for good", () => {
    const left = result.pods.filter(({ servedMs }) => servedMs === undefined);
    assert.equal(left.length, 0, `${left.length} were not served`);
  });

  it("records every certificate that a pod holds", () => {
    assert.equal(result.onlyHeld, 0);
  });

  it("issues few certificates whose pods no longer wait for them, and reviews few tokens twice", () => {
    assert.ok(result.onlyRecorded <= pods * 0.1, `${result.onlyRecorded} certificates`);
    const { reviews = Number.NaN } = result;
    assert.ok(reviews <= pods * 1.5, `${reviews} reviews`);
  });

  it("serves the namespace with ten pods after no more connections than the one with most of them", () => {
    const [largest = [], , smallest = []] = [
      ...Map.groupBy(result.pods, (pod) => pod.namespace).values(),
    ].sort((one, other) => other.length - one.length);
    const connections = (of: StormResult["pods"]) =>
      of.reduce((sum, pod) => sum + pod.connections, 0) / of.length;
    assert.equal(smallest.length, 10);
    assert.ok(connections(smallest) <= 2 * connections(largest) + 1);
  });

  it("is ready afterwards", async () => {
    assert.ok(await scene.ca.process.isReady());
  });
});
