import assert from "node:assert/strict";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { overviewAnswer } from "../../cluster/read-overview.ts";
import { runKasbah } from "../run-kasbah.fixture.ts";
import { sampleOverview } from "./sample-overview.fixture.ts";

describe("kasbah overview", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
  });
  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  const run = (...argv: string[]) => runKasbah(["overview", "--state-dir", directory.path, ...argv]);

  it("has its own error code for a CA of an earlier release", async () => {
    const { error } = await run();
    assert.equal(error?.code, "ADMIN_OUTDATED");
    assert.match(error.message, /earlier release: upgrade it, or use the command of that release/);
  });

  it("reports that no CA answers, even beside the state of a stopped one", async () => {
    await ca.close();
    assert.equal((await run()).error?.code, "ADMIN_UNREACHABLE");
  });

  it("prints JSON that another kasbah reads as the same overview, with the request for a merge passed on", async () => {
    ca.overview = sampleOverview;
    const { said } = await run("--for-merging", "--json");
    assert.deepEqual(overviewAnswer.parse(JSON.parse(said)), sampleOverview);
    await run();
    assert.deepEqual(
      ca.calls.map(({ request }) => request),
      [{ forMerging: true }, { forMerging: false }],
    );
  });
});
