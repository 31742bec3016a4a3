import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { grpcStatus } from "@kasbah/runtime/rpc";
import {
  type FakeAuthorityAdmin,
  startFakeAuthorityAdmin,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { busy, idle, root, rotation, runKasbah } from "../run-kasbah.fixture.ts";

describe("kasbah authority", () => {
  let directory: TemporaryDirectory;
  let ca: FakeAuthorityAdmin;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeAuthorityAdmin(directory.join("admin.sock"));
    ca.answers = [idle];
  });
  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  const run = (...argv: string[]) => runKasbah(argv, { env: { KASBAH_STATE_DIR: directory.path } });

  it("passes on why the CA refuses an operation", async () => {
    ca.refusal = { code: grpcStatus.FAILED_PRECONDITION, message: "OPERATION_REFUSED: not now" };
    const { error } = await run("authority", "abort");
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.equal(error?.message, "not now");
  });

  it("rejects an id that no authority can have before it contacts a CA", async () => {
    for (const id of ["root", "--all", "root-1 ", "../root-1", "root-12345678901"]) {
      const { error } = await run("authority", "recall", id);
      assert.match(error?.code ?? "", /^commander\./, id);
    }
    assert.deepEqual(ca.calls, []);
  });

  it("rejects an epoch that is not a number before it contacts a CA", async () => {
    const { error } = await run("authority", "abort", "--if-epoch", "x");
    assert.equal(error?.code, "commander.invalidArgument");
    assert.deepEqual(ca.calls, []);
  });

  it("lists the authorities in a table, followed by the warnings", async () => {
    const { said } = await run("authority", "list");
    assert.equal(
      said,
      "AUTHORITY  STAGE   SIGNS  KEY    EXPIRES                          SHA-256\n" +
        "root-1     active  yes    P-256  2040-01-01T00:00:00Z (in 3652d)  0123456789abcdef\n" +
        "! rotations only start manually (--root-rotation manual)\n",
    );
  });

  it("keeps the table within a hundred columns for any content", async () => {
    const longest = {
      ...root,
      id: "intermediate-99",
      stage: "distributed" as const,
      keyType: "RSA-4096",
      notAfter: new Date("2030-01-30T23:00:00Z"),
    };
    ca.answers = [{ ...idle, authorities: [root, longest] }];
    const { said } = await run("authority", "list");
    assert.ok(Math.max(...said.split("\n").map(({ length }) => length)) <= 100, said);
  });

  it("counts retired authorities, and lists them with --all", async () => {
    const retired = { ...root, id: "root-0", stage: "retired" as const, signs: false, trusted: false };
    ca.answers = [{ ...idle, authorities: [retired, root] }];
    const short = (await run("authority", "list")).said;
    assert.match(short, /\n1 retired \(use --all to list\)\n/);
    assert.doesNotMatch(short, /root-0/);
    assert.match((await run("authority", "list", "--all")).said, /root-0 {5}retired {2}-/);
  });

  it("prints what a rotation waits for: its stage, reason, earliest time and epoch", async () => {
    ca.answers = [busy];
    const { said } = await run("authority", "status");
    assert.match(said, /^rotation of the root: root-1 to root-2\n/);
    assert.match(said, /next {5}active, not yet\n {2}reason {3}leaves are valid until tomorrow\n/);
    assert.match(said, /earliest 2030-01-02T00:00:00Z \(in 1d\)\n/);
    assert.match(said, /epoch {4}4\n/);
  });

  it("names the certificate that holds a stage, and the one that a retiring authority waits for", async () => {
    const leaf = {
      spiffeId: "spiffe://cluster.local/ns/demo/sa/batch",
      serial: "0a",
      notAfter: rotation.earliest,
    };
    const lines =
      "  held by  spiffe://cluster.local/ns/demo/sa/batch\n           serial 0a, expires 2030-01-02T00:00:00Z (in 1d)\n";
    ca.answers = [{ ...busy, rotation: { ...rotation, leaf } }];
    assert.ok((await run("authority", "status")).said.includes(lines));
    const retiring = {
      ...root,
      id: "root-0",
      stage: "retiring",
      signs: false,
      retiresAt: rotation.earliest,
      waitsFor: "leaves are valid",
    } as const;
    ca.answers = [{ ...busy, authorities: [root, { ...retiring, lastLeaf: leaf }] }];
    const { said } = await run("authority", "list");
    assert.ok(
      said.includes(`root-0 retires at 2030-01-02T00:00:00Z (in 1d): leaves are valid\n${lines}`),
      said,
    );
    ca.answers = [{ ...busy, authorities: [root, retiring] }];
    assert.doesNotMatch((await run("authority", "list")).said, /held by/);
  });

  it("prints when the next rotation starts if none is in progress", async () => {
    const { said } = await run("authority", "status");
    assert.match(said, /^no rotation in progress \(epoch 4\)\n/);
    assert.match(said, /root-1 rotates automatically at 2036-09-01T00:00:00Z \(in 2435d\)\n/);
  });

  it("prints when each authority retires beside the rotation, why not yet, and when a key is destroyed", async () => {
    const since = { signs: false, notAfter: new Date("2031-01-01T00:00:00Z") };
    const leaving = {
      ...{ ...root, ...since, id: "intermediate-4", stage: "retiring" as const },
      ...{ retiresAt: new Date("2030-01-03T00:00:00Z"), waitsFor: "leaves under it are valid" },
    };
    const gone = {
      ...{ ...root, ...since, id: "root-0", stage: "retired" as const, trusted: false },
      keyKeptUntil: new Date("2030-01-08T00:00:00Z"),
    };
    ca.answers = [{ ...busy, authorities: [...busy.authorities, leaving, gone] }];
    const status = (await run("authority", "status")).said;
    assert.match(
      status,
      /\nintermediate-4 retires at 2030-01-03T00:00:00Z \(in 2d\): leaves under it are valid\n/,
    );
    assert.match(status, /\nroot-0 is retired; its key is destroyed at 2030-01-08T00:00:00Z \(in 7d\)\n/);
    assert.match((await run("authority", "list")).said, /intermediate-4 retires at/);
    assert.doesNotMatch((await run("authority", "list")).said, /root-0 is retired/);
    assert.match((await run("authority", "list", "--all")).said, /root-0 is retired/);
  });

  it("prints no time in the past for what something else holds", async () => {
    const now = { signs: false, notAfter: new Date("2031-01-01T00:00:00Z") };
    const never = {
      ...{ ...root, ...now, id: "intermediate-4", stage: "retiring" as const },
      ...{ retiresAt: new Date(0), waitsFor: "every stage lasts at least --min-stage: 20 s are left" },
    };
    const kept = {
      ...{ ...root, ...now, id: "root-0", stage: "retired" as const, trusted: false },
      keyKeptUntil: new Date("2029-12-31T00:00:00Z"),
    };
    ca.answers = [{ ...busy, authorities: [...busy.authorities, never, kept] }];
    const status = (await run("authority", "status")).said;
    assert.match(status, /\nintermediate-4 waits to retire: every stage lasts at least --min-stage: 20 s/);
    assert.match(status, /\nroot-0 is retired; its key was due to be destroyed at 2029-12-31T00:00:00Z/);
  });

  it("prints the whole status as JSON", async () => {
    ca.answers = [busy];
    const { said } = await run("authority", "status", "--json");
    assert.deepEqual(JSON.parse(said), JSON.parse(JSON.stringify(busy)));
  });

  it("requests each operation once, with the expected epoch and the operator's name", async () => {
    for (const argv of [
      ["abort", "--if-epoch", "7"],
      ["abort"],
      ["pause"],
      ["resume"],
      ["recall", "root-1"],
    ]) {
      assert.equal((await run("authority", ...argv)).error, undefined);
    }
    const operator = "alice";
    assert.deepEqual(
      ca.calls.filter(({ method }) => method !== "status"),
      [
        { method: "abort", request: { ifEpoch: 7 }, operator },
        { method: "abort", request: {}, operator },
        { method: "pause", request: {}, operator },
        { method: "resume", request: {}, operator },
        { method: "recall", request: { id: "root-1" }, operator },
      ],
    );
  });

  it("writes a CSR to a new file only, or prints it and nothing else", async () => {
    const expiresAt = new Date("2030-03-02T00:00:00Z");
    ca.request = { id: "request-1", csrPem: "PEM OF A CSR\n", expiresAt };
    const out = directory.join("mesh.csr");
    assert.equal((await run("authority", "csr")).said, "PEM OF A CSR\n");
    const { said } = await run("authority", "csr", "--out", out);
    assert.match(
      said,
      /mesh\.csr: request-1 waits until 2030-03-02T00:00:00Z \(in 60d\) for: kasbah authority adopt CHAIN\n$/,
    );
    assert.equal(await readFile(out, "utf8"), "PEM OF A CSR\n");
    const asked = ca.calls.length;
    for (const path of [out, directory.join("none", "mesh.csr")]) {
      const { error } = await run("authority", "csr", "--out", path);
      assert.equal(error?.code, "TARGET_INVALID");
      assert.match(String(error?.message), /^cannot create .*mesh\.csr: (it exists already|ENOENT)$/);
    }
    assert.equal(ca.calls.length, asked, "no CSR may be created for a file that cannot be written");
    assert.deepEqual(JSON.parse((await run("authority", "csr", "--json")).said).id, "request-1");
  });

  it("passes on the chain and the root of the files, or of its arguments in a pod", async () => {
    const [chain, root] = [directory.join("chain.pem"), directory.join("root.pem")];
    await writeFile(chain, "CHAIN");
    await writeFile(root, "ROOT");
    assert.equal((await run("authority", "adopt")).error?.code, "commander.invalidArgument");
    assert.equal((await run("authority", "adopt", directory.join("none"))).error?.code, "TARGET_INVALID");
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    for (const argv of [
      [chain],
      [chain, "--root", root],
      [`--chain-base64=${base64("CHAIN")}`, `--root-base64=${base64("ROOT")}`],
    ]) {
      assert.equal((await run("authority", "adopt", ...argv)).error, undefined);
    }
    assert.deepEqual(
      ca.calls.filter(({ method }) => method === "adopt").map(({ request }) => request),
      ["", "ROOT", "ROOT"].map((rootsPem) => ({ chainPem: "CHAIN", rootsPem })),
    );
  });

  it("explains the effect of each command in its help", async () => {
    assert.match(
      (await run("authority", "--help")).said,
      /distributed {2}every new trust bundle contains the new root/,
    );
    for (const name of ["csr", "adopt", "list", "status", "rotate", "pause", "resume", "abort", "recall"]) {
      const { said } = await run("authority", name, "--help");
      assert.match(said, /KASBAH_STATE_DIR[\s\S]*\n\n[\s\S]+\.\n/, name);
    }
  });
});
