import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { grpcStatus } from "@kasbah/runtime/rpc";
import {
  type FakeAuthorityAdmin,
  type FakeKubernetesStore,
  startFakeAuthorityAdmin,
  startFakeKubernetesStore,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { idle, runKasbah } from "../run-kasbah.fixture.ts";

describe("kasbah authority move", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });
  afterEach(() => directory.remove());

  const run = (...flags: readonly string[]) =>
    runKasbah(["authority", "move", ...flags], { env: { KASBAH_STATE_DIR: directory.path } });

  it("requires exactly one destination", async () => {
    for (const flags of [[], ["--to-secret", "--to-directory"]]) {
      const { error } = await run(...flags);
      assert.match(String(error?.message), /expected one of --to-secret and --to-directory/);
    }
  });

  describe("of a running CA", () => {
    let ca: FakeAuthorityAdmin;
    beforeEach(async () => {
      ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
      ca.answers = [idle];
    });
    afterEach(() => ca.close());

    it("passes on why the CA refuses, and touches no state itself", async () => {
      ca.refusal = {
        code: grpcStatus.FAILED_PRECONDITION,
        message: "OPERATION_REFUSED: this replica does not lead",
      };
      const { error } = await run("--to-secret");
      assert.deepEqual([error?.code, error?.message], ["OPERATION_REFUSED", "this replica does not lead"]);
    });

    it("prints both places and the root, also as JSON", async () => {
      const { said } = await run("--to-secret");
      assert.equal(said, "moved the CA from the fake's directory to the fake's Secret (root SHA-256 ab12)\n");
      assert.deepEqual(JSON.parse((await run("--to-directory", "--json")).said).rootFingerprint, "ab12");
      const moves = ca.calls.filter(({ method }) => method === "move").map(({ request }) => request);
      assert.deepEqual(moves, [{ to: "secret" }, { to: "directory" }]);
    });
  });

  describe("of a stopped CA", () => {
    let store: FakeKubernetesStore;
    beforeEach(async () => {
      store = await startFakeKubernetesStore();
      store.objects.write("namespaces", { metadata: { name: "mesh" } });
      await writeFile(directory.join("token"), "token");
    });
    afterEach(() => store.close());

    const place = () => [
      ...["--state-secret", "kasbah-ca", "--secret-namespace", "mesh", "--allow-address", "127.0.0.1"],
      ...["--kubernetes-api", store.url.href, "--kubernetes-ca-file", store.caFile],
      ...["--kubernetes-token-file", directory.join("token")],
    ];

    it("names the flags that it needs", async () => {
      const { error } = await run("--to-secret");
      for (const flag of ["--kubernetes-api", "--state-secret"])
        assert.match(String(error?.message), new RegExp(`${flag}: required while the CA is stopped`));
    });

    it("moves the keys into the Secret, where authority list no longer looks for them in the directory", async () => {
      const { error: none } = await runKasbah(["init", "--state-dir", directory.path], {});
      assert.equal(none, undefined);
      const { said } = await run("--to-secret", ...place());
      assert.match(said, /^moved the CA from state directory .* to Secret mesh\/kasbah-ca/);
      const { error } = await runKasbah(["authority", "list", "--state-dir", directory.path], {});
      assert.match(String(error?.message), /was moved from .* to Secret mesh\/kasbah-ca/);
      const back = await run("--to-directory", ...place());
      assert.match(back.said, /^moved the CA from Secret mesh\/kasbah-ca to state directory/);
    });
  });
});
