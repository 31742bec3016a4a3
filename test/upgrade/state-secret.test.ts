import assert from "node:assert/strict";
import { AdminClient } from "@kasbah/cli/mesh";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { provideReleases, type ReleaseChoice, type Releases } from "../harness/release.ts";
import { patienceMs } from "../harness/until.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { createAgentSettings, startAgent } from "./processes/agent.ts";
import { adminSocketOf, type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { type Callers, createCallers } from "./processes/callers.ts";
import { type FakeCluster, startFakeCluster } from "./processes/cluster.ts";

describe("a Secret that replicas of a CA share", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let callers: Callers;
  let cluster: FakeCluster;

  before(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    callers = await createCallers(directory.join("callers"));
  });
  beforeEach(async () => {
    cluster = await startFakeCluster();
  });
  afterEach(() => cluster?.[Symbol.asyncDispose]());
  after(() => directory?.remove());

  for (const [first, second] of [
    ["previous", "current"],
    ["current", "previous"],
  ] as const) {
    it(`a replica of the ${second} release issues under the root in the Secret that the ${first} release created`, async () => {
      const created = await settingsOf(first, `first-${first}`);
      await using before = await startCa(releases[first], created);
      const expected = await fingerprints(created);
      await before.stop();
      const settings = await settingsOf(second, `second-${second}`);
      await using _replica = await startCa(releases[second], settings);
      assert.deepEqual(await fingerprints(settings), expected);
      const place = { directory: directory.join(`web-${second}`), ca: settings };
      await using _agent = await startAgent(
        releases[second],
        await createAgentSettings("web", place),
      ).ready();
    });

    it(`a replica of the ${first} release follows a rotation that a replica of the ${second} release starts`, async () => {
      const [following, leading] = [
        await settingsOf(first, `following-${first}`),
        await settingsOf(second, `leading-${second}`),
      ];
      await using _following = await startCa(releases[first], following);
      await using _leading = await startCa(releases[second], leading);
      await adminOf(leading).rotate("root");
      const expected = await fingerprints(leading);
      assert.equal(expected.length, 4, "two roots with an intermediate each");
      await untilSeen("rotation in the other replica", patienceMs, async () => {
        return (await fingerprints(following)).join() === expected.join() || undefined;
      });
    });
  }

  it("a replica that does not lead distrusts the root for all replicas, and the Secret loses its keys at once", async () => {
    const [leading, acting] = [
      await settingsOf("current", "leads"),
      await settingsOf("current", "acts", "kasbah-1"),
    ];
    await using _leading = await startCa(releases.current, leading);
    await using _acting = await startCa(releases.current, acting);
    const keys = () =>
      Object.keys(cluster.secret()?.["data"] ?? {})
        .filter((name) => name.endsWith(".key.pem"))
        .sort();
    assert.deepEqual(keys(), ["intermediate-1.key.pem", "root-1.key.pem"]);
    await adminOf(acting).distrust("root-1");
    assert.deepEqual(keys(), ["intermediate-2.key.pem", "root-2.key.pem"]);
    const expected = await fingerprints(acting);
    await untilSeen("distrust in the leading replica", patienceMs, async () => {
      return (await fingerprints(leading)).join() === expected.join() || undefined;
    });
    const trusted = (await adminOf(leading).status()).authorities.filter((one) => one.trusted);
    assert.deepEqual(
      trusted.map(({ id }) => id),
      ["root-2", "intermediate-2"],
    );
    const place = { directory: directory.join("web-after"), ca: leading };
    await using _agent = await startAgent(releases.current, await createAgentSettings("web", place)).ready();
  });

  /** A replica with a state directory of its own: only the Secret carries keys from one to the other. */
  function settingsOf(
    release: ReleaseChoice,
    name: string,
    podName = `kasbah-${release}`,
  ): Promise<CaSettings> {
    const flags = cluster.caFlags(podName);
    return createCaSettings({ stateDirectory: directory.join(name), callers, flags });
  }
});

function adminOf(settings: CaSettings): AdminClient {
  return new AdminClient(adminSocketOf(settings), "the tests");
}

async function fingerprints(settings: CaSettings): Promise<readonly string[]> {
  return (await adminOf(settings).status()).authorities.map(({ fingerprint }) => fingerprint);
}
