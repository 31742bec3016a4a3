import assert from "node:assert/strict";
import type { Answers, WorkloadClient } from "./workload-api/clients/client.ts";
import { goSpiffe } from "./workload-api/clients/go-spiffe.ts";
import { javaSpiffe } from "./workload-api/clients/java-spiffe.ts";
import { pySpiffe } from "./workload-api/clients/py-spiffe.ts";
import { rustSpiffe } from "./workload-api/clients/rust-spiffe.ts";
import { spiffeHelper } from "./workload-api/clients/spiffe-helper.ts";
import { spireAgent } from "./workload-api/clients/spire-agent.ts";
import { Story } from "./workload-api/story.ts";
import { World } from "./workload-api/world.ts";

const clients = [goSpiffe, javaSpiffe, pySpiffe, spiffeHelper, rustSpiffe, spireAgent];

/** All clients live through one rotation and one restart together, and the tests then look at what each experienced. */
describe("Programs with a SPIFFE library on the Workload API", function () {
  // The first run installs the libraries and builds the tools.
  this.timeout(1_200_000);
  let world: World;
  const stories = new Map<WorkloadClient, Story>();
  const skipped = new Map<WorkloadClient, string>();

  before(async () => {
    for (const client of clients) {
      const missing = client.install();
      if (missing === undefined) continue;
      skipped.set(client, missing);
      process.stdout.write(`      skipping ${client.name}: ${missing}\n`);
    }
    world = await World.start();
    for (const client of clients) if (!skipped.has(client)) stories.set(client, new Story(client, world));
    const all = (live: (story: Story) => Promise<void>) => Promise.all([...stories.values()].map(live));
    await all((story) => story.begin());
    const rotation = world.rotateRoot();
    await all((story) => story.callThroughout(rotation));
    await rotation;
    await all((story) => story.followRotation());
    await world.restartAgent();
    await all((story) => story.followRestart());
  });

  after(async () => {
    for (const story of stories.values()) await story.stop();
    await world?.[Symbol.asyncDispose]();
  });

  afterEach(function () {
    if (this.currentTest?.state === "failed") process.stderr.write(world.agentLog.slice(-3_000));
  });

  for (const client of clients) {
    const { name } = client;
    const handshakes = client.x509.includes("fresh handshakes") ? ", and no handshake failed" : "";
    const story = (context: Mocha.Context): Story => {
      if (skipped.has(client)) context.skip();
      const told = stories.get(client);
      assert.ok(told, `${name} did not start`);
      return told;
    };

    it(`${name} gets the certificate, its key and the roots from every X.509 call`, function () {
      assertAllAnswered(client.x509, story(this).answers("atFirst"));
    });

    it(`${name} trusts only the new root after a root rotation, during which no call failed${handshakes}`, function () {
      const told = story(this);
      assertAllAnswered(client.x509, told.answers("afterRotation"));
      assert.deepEqual(told.errors, []);
    });

    it(`${name} gets the certificate of a restarted agent${handshakes}`, function () {
      assertAllAnswered(client.x509, story(this).answers("afterRestart"));
    });

    it(`${name} starts without keys for JWT-SVIDs, and fails at once with the reason where it needs a JWT-SVID`, function () {
      const answers = story(this).answers("jwt");
      for (const call of client.emptyKeySets) {
        assert.deepEqual([answers[call]?.error, answers[call]?.keys], [undefined, 0], call);
      }
      for (const call of client.refused) {
        assert.match(
          answers[call]?.error ?? "",
          /needs (?:JWT|WIT)-SVIDs, which kasbah does not issue/,
          call,
        );
      }
    });
  }
});

function assertAllAnswered(calls: readonly string[], answers: Answers): void {
  for (const call of calls) {
    const answer = answers[call];
    assert.ok(answer, `${call} did not answer`);
    assert.equal(answer.error, undefined, call);
    const { chain, roots, peer, count = 0, failures = 0, first = "" } = answer;
    assert.ok(chain !== undefined || roots !== undefined || peer !== undefined || count > 0, call);
    assert.equal(failures, 0, `${failures} of ${count} handshakes failed, the first with: ${first}`);
  }
}
