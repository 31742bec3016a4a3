import assert from "node:assert/strict";
import { grpcStatus } from "@kasbah/runtime/rpc";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { busy, idle, root, rotation, runKasbah } from "../run-kasbah.fixture.ts";

describe("kasbah authority rotate", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin;
  let interrupted: AbortController;
  const successor = { ...root, id: "root-2" };
  const done = { ...idle, authorities: [successor] };
  const active = { ...busy, rotation: { ...rotation, stage: "active" as const } };

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
    interrupted = new AbortController();
  });
  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  const environment = () => ({
    env: { KASBAH_STATE_DIR: directory.path },
    signal: interrupted.signal,
  });
  const run = (...flags: string[]) => runKasbah(["authority", "rotate", ...flags], environment());

  it("passes on why the CA refuses, and asks only once", async () => {
    ca.answers = [busy];
    ca.refusal = {
      code: grpcStatus.FAILED_PRECONDITION,
      message: "OPERATION_REFUSED: a rotation is in progress",
    };
    const { error } = await run("--root", "--wait");
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.equal(error?.message, "a rotation is in progress");
    assert.equal(ca.calls.filter(({ method }) => method === "rotate").length, 1);
  });

  it("refuses --continue without --root before it contacts a CA", async () => {
    const { error } = await run("--continue");
    assert.equal(error?.code, "commander.invalidArgument");
    assert.deepEqual(ca.calls, []);
  });

  it("requests with --root --continue that the rotation goes on, and starts none", async () => {
    ca.answers = [active];
    assert.equal((await run("--root", "--continue")).error, undefined);
    assert.deepEqual(
      ca.calls.map(({ method }) => method),
      ["status", "continue"],
    );
  });

  it("prints which root files to update, by when, and which clients have not shown the new root", async () => {
    const old = { ...root, stage: "retiring", acceptedUntil: root.notAfter } as const;
    const client = {
      spiffeId: "spiffe://cluster.local/ns/a/sa/b",
      address: "10.0.0.7",
      until: root.notAfter,
    };
    const clients = [
      { ...client, program: "grpc-go/1.70", kind: "unknown" },
      { ...client, program: "", kind: "old-root" },
    ] as const;
    const rootClients = Array.from({ length: 22 }, (_, index) => clients[index % 2] ?? clients[0]);
    ca.answers = [{ ...active, authorities: [old, successor], rootClients }];
    for (const { said } of [await run("--root"), await runKasbah(["authority", "list"], environment())]) {
      assert.match(
        said,
        /\nclients whose root file contains only root-1 accept the CA until 2040-01-01T00:00:00Z: add root-2 \(SHA-256 0123456789abcdef\) to these files by then\n/,
      );
      assert.match(
        said,
        /\nclients that have not shown that they hold root-2:\nCLIENT +ADDRESS +PROGRAM +ROOTS\n/,
      );
      assert.match(said, /sa\/b +10\.0\.0\.7 +grpc-go\/1\.70 +shows no roots\n/);
      assert.match(said, /sa\/b +10\.0\.0\.7 +- +shows only other roots\n/);
      assert.match(said, /\n2 more \(use --json to list\)\n/);
    }
  });

  it("fails if the rotation that it follows is aborted, in either stage", async () => {
    const back = { ...rotation, from: "root-2", to: "root-1", stage: "retiring", aborted: true } as const;
    const retiring = { ...successor, stage: "retiring" as const };
    ca.answers = [idle, busy, active, { ...idle, rotation: back, authorities: [root, retiring] }];
    const fromActive = await run("--root", "--wait");
    assert.equal(fromActive.error?.code, "ROTATION_ABORTED");
    assert.match(String(fromActive.error?.message), /root-2 is retiring/);
    const retired = { ...successor, stage: "retired" as const, signs: false, trusted: false };
    ca.answers = [idle, busy, { ...idle, authorities: [root, retired] }];
    assert.match(String((await run("--root", "--wait")).error?.message), /root-2 is retired/);
  });

  it("leaves the rotation running on Ctrl-C, and reports it", async () => {
    ca.answers = [idle, busy];
    const outcome = run("--root", "--wait");
    while (ca.calls.length < 5) await new Promise((resolve) => setImmediate(resolve));
    interrupted.abort(new Error("Ctrl-C"));
    const { error } = await outcome;
    assert.equal(error?.code, "INTERRUPTED");
    assert.match(String(error?.message), /the rotation continues; check it with kasbah authority status/);
    assert.deepEqual([...new Set(ca.calls.map(({ method }) => method))], ["status", "rotate"]);
  });

  it("starts a rotation of the root or the intermediate, and prints the next step and how to follow it", async () => {
    ca.answers = [busy];
    const { said } = await run("--state-dir", directory.path, "--root");
    assert.match(said, /^rotation of the root: root-1 to root-2\n/);
    assert.match(said, /next {5}active, not yet\n/);
    assert.match(
      said,
      new RegExp(`\nfollow the rotation with: kasbah authority status --state-dir ${directory.path}\n$`),
    );
    await run();
    const kinds = ca.calls.flatMap(({ method, request }) => (method === "rotate" ? [request] : []));
    assert.deepEqual(kinds, [{ kind: "root" }, { kind: "intermediate" }]);
  });

  it("reports that the rotation is already complete if it finished immediately", async () => {
    ca.answers = [done];
    const { said } = await run("--root");
    assert.match(
      said,
      /\nthe rotation is already complete: no certificate was outstanding; clients with a fixed/,
    );
    assert.match((await run()).said, /\nthe rotation is already complete: no certificate was outstanding\n$/);
    assert.match((await run("--root", "--wait")).said, /^rotation complete\n/);
  });

  it("prints each stage once with --wait, and stops when its own rotation is complete", async () => {
    const following = { ...rotation, from: "root-2", to: "root-3" };
    ca.answers = [idle, busy, busy, active, { ...done, rotation: following }];
    const { said, error } = await run("--root", "--wait");
    assert.equal(error, undefined);
    assert.deepEqual(said.split("\n").slice(0, 4), [
      "2030-01-01T00:00:00Z  root-2 distributed, until at least 2030-01-02T00:00:00Z",
      "2030-01-01T00:00:00Z  root-2 active, until at least 2030-01-02T00:00:00Z",
      "rotation complete",
      "rotation of the root: root-2 to root-3",
    ]);
  });

  it("prints a single JSON document, with or without --wait", async () => {
    ca.answers = [idle, busy, active, done];
    const { said } = await run("--root", "--wait", "--json");
    assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(done)));
  });
});
