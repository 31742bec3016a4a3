import assert from "node:assert/strict";
import { AdminClient } from "@kasbah/cli/mesh";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { provideReleases, type Releases } from "../harness/release.ts";
import { fetchLeaf } from "../harness/sds-client.ts";
import { patienceMs } from "../harness/until.ts";
import { storyTimeoutMs } from "./mesh.ts";
import { createAgentSettings, startAgent } from "./processes/agent.ts";
import { adminSocketOf, type CaSettings, createCaSettings, startCa } from "./processes/ca.ts";
import { createCallers } from "./processes/callers.ts";
import type { Daemon } from "./processes/daemon.ts";

const dayMs = 86_400_000;

describe("limits and distrust across releases", function () {
  this.timeout(storyTimeoutMs);
  let directory: TemporaryDirectory;
  let releases: Releases;
  let settings: CaSettings;
  const daemons: Daemon[] = [];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    releases = await provideReleases(directory.join("previous"));
    const callers = await createCallers(directory.join("callers"));
    settings = await createCaSettings({ stateDirectory: directory.join("ca"), callers });
  });
  afterEach(async () => {
    for (const daemon of daemons.splice(0)) await daemon.kill();
    await directory.remove();
  });

  const start = async (release: keyof Releases, flags: readonly string[] = []) => {
    const ca = await startCa(releases[release], { ...settings, flags });
    daemons.push(ca);
    return ca;
  };
  /** An agent of the previous release that requests 90 days. */
  const startOldAgent = async () => {
    const place = { directory: directory.join("agent"), ca: settings, secretTtl: "2160h" };
    const agent = await createAgentSettings("batch", place);
    const daemon = startAgent(releases.previous, agent);
    daemons.push(daemon);
    await daemon.ready();
    return agent.sdsSocket;
  };
  const lifetimeOf = ({ leaf }: Awaited<ReturnType<typeof fetchLeaf>>) =>
    new Date(leaf.validTo).getTime() - new Date(leaf.validFrom).getTime();

  it("an old agent that requests 90 days gets 24 hours from a new CA, and 90 days with --ttl-ceiling 0", async () => {
    const ca = await start("current");
    const socket = await startOldAgent();
    const clamped = lifetimeOf(await fetchLeaf(socket));
    assert.ok(clamped <= dayMs + 120_000, `${clamped} ms`);
    await ca.stop();
    await daemons.pop()?.kill();
    await start("current", ["--ttl-ceiling", "0"]);
    const long = lifetimeOf(await fetchLeaf(await startOldAgent()));
    assert.ok(long >= 90 * dayMs, `${long} ms`);
  });

  it("an old agent renews a shortened certificate by the expiry in it, not by the lifetime that it requested", async () => {
    await start("current", ["--default-ttl", "10s", "--ttl-ceiling", "10s"]);
    const socket = await startOldAgent();
    const first = await fetchLeaf(socket);
    const next = await untilSeen("a renewal", patienceMs, async () => {
      const now = await fetchLeaf(socket);
      return now.leaf.serialNumber === first.leaf.serialNumber ? undefined : now;
    });
    assert.ok(new Date(next.leaf.validTo) > new Date(first.leaf.validTo));
  });

  it("an old CA starts on the state of a new one that has distrusted its root, and does not trust the root again", async () => {
    const ca = await start("current");
    const admin = new AdminClient(adminSocketOf(settings), "the tests");
    await admin.distrust("root-1");
    await ca.stop();
    await start("previous");
    const { authorities } = await admin.status();
    assert.deepEqual(
      authorities.filter(({ trusted }) => trusted).map(({ id, stage }) => `${id} ${stage}`),
      ["root-2 active", "intermediate-2 active"],
    );
    const socket = await startOldAgent();
    assert.ok((await fetchLeaf(socket)).leaf);
  });
});
