import assert from "node:assert/strict";
import { AdminClient } from "@kasbah/cli/mesh";
import { formatHostPort } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { provideReleases, type ReleaseChoice, type Releases, runCommand } from "../harness/release.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { adminSocketOf, type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { type Callers, createCallers } from "./processes/callers.ts";
import { startFakeCluster } from "./processes/cluster.ts";

/** There and back, twice: the previous release drops the anchors from every state that it writes. */
const journey: readonly ReleaseChoice[] = ["previous", "current", "previous", "current", "current"];

describe("The anchor of a ledger, across releases", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let callers: Callers;

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    callers = await createCallers(directory.join("callers"));
  });
  after(() => directory?.remove());

  async function travel(settings: CaSettings, rotateAt?: number): Promise<void> {
    for (const [at, release] of journey.entries()) {
      await using ca = await startCa(releases[release], settings);
      if (at === rotateAt) await new AdminClient(adminSocketOf(settings), "the tests").rotate("intermediate");
      const { warnings = [] } = await readiness(settings);
      assert.deepEqual(
        warnings.filter((one) => one.startsWith("LEDGER")),
        [],
        `${at}: ${release}`,
      );
      assert.doesNotMatch(ca.log, /LEDGER_LOST/);
      await ca.stop();
      for (const each of ["previous", "current"] as const)
        await runCommand(releases[each], "audit", "verify", "--state-dir", settings.stateDirectory);
    }
  }

  it("an old ledger gains its anchor without an alarm, and a way back and forth is no loss", async () => {
    await travel(await createCaSettings({ stateDirectory: directory.join("kept"), callers }));
  });

  it("a way back and forth is no loss if the previous release writes the state and drops the anchor", async () => {
    await travel(await createCaSettings({ stateDirectory: directory.join("rotated"), callers }), 2);
  });

  it("a way back and forth is no loss for a replica whose state is in a Secret", async () => {
    await using cluster = await startFakeCluster();
    const stateDirectory = directory.join("shared");
    const flags = cluster.caFlags("kasbah-0");
    await travel(await createCaSettings({ stateDirectory, callers, flags }), 2);
  });
});

async function readiness({ statusAddress }: CaSettings): Promise<{ readonly warnings?: readonly string[] }> {
  const answer = await fetch(`http://${formatHostPort(statusAddress)}/healthz/ready`);
  return (await answer.json()) as { readonly warnings?: readonly string[] };
}
