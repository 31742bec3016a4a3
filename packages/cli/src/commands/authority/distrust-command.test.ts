import assert from "node:assert/strict";
import type { DistrustPreviewMessage } from "@kasbah/protocol";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { idle, now, root, runKasbah } from "../run-kasbah.fixture.ts";

const in12h = new Date(now.getTime() + 12 * 3_600_000);
const rootPreview: DistrustPreviewMessage = {
  id: "root-1",
  kind: "root",
  removed: ["root-1", "intermediate-1"],
  signer: "",
  creates: "root",
  leavesUntil: new Date(now.getTime() + 27 * 3_600_000),
  leaves: 3,
  identities: 1,
  pods: 2,
  holders: [
    { spiffeId: "spiffe://cluster.local/ns/demo/sa/web", leaves: 3, pods: 2, serial: "0a", notAfter: in12h },
  ],
  holdersUnknown: "",
  changesRoot: true,
};
const intermediatePreview: DistrustPreviewMessage = {
  ...rootPreview,
  id: "intermediate-1",
  kind: "intermediate",
  removed: ["intermediate-1"],
  creates: "",
  signer: "intermediate-2",
  acceptedUntil: new Date("2030-12-01T00:00:00Z"),
  changesRoot: false,
};

describe("kasbah authority distrust", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
    const intermediate = { ...root, id: "intermediate-1", kind: "intermediate" } as const;
    ca.answers = [{ ...idle, authorities: [root, intermediate], warnings: [] }];
    ca.preview = rootPreview;
  });
  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  const run = (...argv: string[]) =>
    runKasbah(["authority", ...argv], { env: { KASBAH_STATE_DIR: directory.path } });
  const acts = () =>
    ca.calls.filter(({ method }) => method !== "status").map(({ method, request }) => [method, request]);

  it("changes nothing without --yes, and shows the holders, the outage and the command that does it", async () => {
    const { said } = await run("distrust", "root-1");
    assert.deepEqual(acts(), [["preview-distrust", { id: "root-1" }]]);
    assert.match(said, /^dry run: nothing has changed\n/);
    assert.match(said, /removes +root-1, and under it intermediate-1\n/);
    assert.match(said, /signs then +a new root, which the CA creates first\n/);
    assert.match(said, /in use +3 unexpired certificates of 1 identity, now used by 2 workloads\n/);
    assert.match(said, /until +2030-01-01T12:00:00Z \(in 12h\), when the last of them expires\n/);
    assert.match(said, /replace every other root file yourself/);
    assert.match(said, /demo\/sa\/web +2 +3 +2030-01-01T12:00:00Z/);
    assert.match(said, /\nto do it: kasbah authority distrust root-1 --yes\n$/);
    assert.ok(
      said.split("\n").every(({ length }) => length <= 120),
      said,
    );
  });

  it("says that a stolen intermediate stays accepted until it expires, because its root stays trusted", async () => {
    ca.preview = intermediatePreview;
    const { said } = await run("distrust", "intermediate-1");
    assert.match(said, /signs then +intermediate-2\n/);
    assert.match(said, /until 2030-12-01T00:00:00Z .* distrust the root above it as well/);
    assert.doesNotMatch(said, /root file/);
  });

  it("reports that nothing breaks if no certificate is in use, and the horizon if the holders are unknown", async () => {
    ca.preview = { ...rootPreview, leaves: 0, identities: 0, pods: 0, holders: [], changesRoot: false };
    const none = (await run("distrust", "root-1")).said;
    assert.match(none, /in use +no unexpired certificate\n/);
    assert.match(none, /Nothing in the mesh: no workload uses a certificate of it/);
    ca.preview = { ...rootPreview, holders: [], holdersUnknown: "no index" };
    const unknown = (await run("distrust", "root-1")).said;
    assert.match(unknown, /in use +unknown: no index\n {2}until +2030-01-02T03:00:00Z/);
    assert.match(unknown, /A workload that has renewed rejects/);
  });

  it("acts with --yes, and prints the authorities afterwards", async () => {
    const { said } = await run("distrust", "root-1", "--yes");
    assert.deepEqual(acts(), [["distrust", { id: "root-1" }]]);
    assert.match(said, /^root-1 is distrusted, and its key is destroyed\nAUTHORITY/);
  });

  it("prints the dry run as JSON", async () => {
    const { said } = await run("distrust", "root-1", "--json");
    assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(rootPreview)));
  });

  it("lists a distrusted authority as such", async () => {
    ca.answers = [
      { ...idle, authorities: [root, { ...root, id: "root-0", stage: "retired", distrustedAt: now }] },
    ];
    assert.match((await run("list", "--all")).said, /root-0 {5}distrusted/);
  });

  describe("rotate --compromised", () => {
    it("is a dry run for the authority in the signing chain, without --yes", async () => {
      await run("rotate", "--root", "--compromised");
      await run("rotate", "--compromised");
      assert.deepEqual(acts(), [
        ["preview-distrust", { id: "root-1" }],
        ["preview-distrust", { id: "intermediate-1" }],
      ]);
    });

    it("distrusts it with --yes, and starts no rotation", async () => {
      await run("rotate", "--root", "--compromised", "--yes");
      assert.deepEqual(acts(), [["distrust", { id: "root-1" }]]);
    });

    it("refuses --yes without --compromised, and a missing intermediate with the flag to add", async () => {
      assert.match(
        (await run("rotate", "--yes")).error?.message ?? "",
        /--yes: has no effect without --compromised/,
      );
      ca.answers = [{ ...idle, authorities: [root] }];
      assert.match((await run("rotate", "--compromised")).error?.message ?? "", /add --root/);
      assert.deepEqual(acts(), []);
    });
  });
});
