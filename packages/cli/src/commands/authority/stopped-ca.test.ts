import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, rm, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { PassThrough } from "node:stream";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { now, runKasbah } from "../run-kasbah.fixture.ts";

const dayMs = 86_400_000;

describe("kasbah authority on a stopped CA", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    await run(0, "init");
  });
  afterEach(() => directory.remove());

  /** Runs a command some days after the CA was created. */
  const run = (days: number, ...argv: string[]) =>
    runKasbah(argv, {
      env: { KASBAH_STATE_DIR: directory.join("ca") },
      clock: { ...systemClock, now: () => new Date(now.getTime() + days * dayMs) },
      stderr: new PassThrough().resume(),
    });
  const authority = (...argv: string[]) => run(1, "authority", ...argv);
  const state = async (days = 1) => JSON.parse((await run(days, "authority", "list", "--json")).said);
  const signers = async (days = 1) =>
    (await state(days)).authorities.filter(({ signs }: Listed) => signs).map(({ id }: Listed) => id);
  /** Has a company's PKI sign a CSR, and adopts the chain. */
  async function adoptSigned(): Promise<void> {
    const openssl = (...argv: string[]) =>
      execFileSync("openssl", argv, { cwd: directory.path, stdio: "pipe" });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "root.key"];
    const root = ["-subj", "/O=Company", "-days", "3650", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl("req", "-x509", ...key, ...root, "-out", "root.pem");
    const csr = await authority("csr", "--out", directory.join("mesh.csr"));
    assert.equal(csr.error, undefined);
    const usage = "keyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash";
    const ca = `basicConstraints=critical,CA:TRUE,pathlen:0\n${usage}\nauthorityKeyIdentifier=keyid\n`;
    await writeFile(directory.join("mesh.ext"), ca);
    const issuer = ["-CA", "root.pem", "-CAkey", "root.key", "-days", "3000", "-extfile", "mesh.ext"];
    openssl("x509", "-req", "-in", "mesh.csr", ...issuer, "-out", "mesh.pem");
    const argv = [directory.join("mesh.pem"), "--root", directory.join("root.pem")];
    const { said, error } = await authority("adopt", ...argv);
    assert.equal(error, undefined);
    assert.match(said, /rotation of the root: root-1 to root-2[\s\S]*! no CA answers: the state in /);
  }
  interface Listed {
    readonly id: string;
    readonly stage: string;
    readonly signs: boolean;
  }
  const entries = async () =>
    (await run(1, "audit", "tail")).said.split("\n").filter((line) => line.includes("operator"));

  it("pauses and resumes rotations, says that no CA answers, and records both in the ledger", async () => {
    const { said } = await authority("pause");
    assert.match(said, /! no CA answers: the state in .*\/ca was changed; the change takes effect when/);
    assert.equal((await state()).paused, true);
    await authority("resume", "--operator", "mallory");
    assert.equal((await state()).paused, false);
    const [first, second] = await entries();
    assert.match(String(first), /pause accepted {2}by alice/);
    assert.match(String(second), /resume accepted {2}by mallory/);
  });

  it("prepares a rotation and aborts it, but begins no stage", async () => {
    const { said } = await authority("rotate", "--root", "--wait");
    assert.match(said, /^rotation of the root: root-1 to root-2\n {2}stage {4}prepared/);
    assert.match(said, /reason +the CA is stopped/);
    assert.equal((await authority("abort", "--if-epoch", "1")).error?.code, "OPERATION_REFUSED");
    await authority("abort");
    assert.equal((await state()).rotation, undefined);
    assert.match((await entries()).join("\n"), /abort refused[\s\S]*abort accepted/);
  });

  it("replaces an expired root at once, and points to its runbook", async () => {
    const { said } = await run(3700, "authority", "rotate", "--root");
    assert.match(said, /docs\/runbooks\/expired-root\.md/);
    assert.deepEqual(await signers(3700), ["root-2", "intermediate-2"]);
  });

  it("refuses to rotate an intermediate under an expired root, and changes nothing", async () => {
    const { error } = await run(3700, "authority", "rotate");
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.match(String(error?.message), /root-1 is not valid now, .*: rotate the root$/);
    assert.deepEqual(await signers(3700), ["root-1", "intermediate-1"]);
  });

  it("replaces an expired intermediate under a valid root, even if rotations are paused", async () => {
    await authority("pause");
    const { error } = await run(400, "authority", "rotate");
    assert.equal(error, undefined);
    assert.deepEqual(await signers(400), ["root-1", "intermediate-2"]);
    assert.equal((await state(400)).paused, true);
  });

  for (const [what, lose] of [
    ["missing", (home: string) => rm(home, { recursive: true })],
    ["damaged", (home: string) => writeFile(`${home}/ca-key.pem`, "x")],
  ] as const) {
    it(`replaces an intermediate whose key is ${what}, and keeps the root`, async () => {
      await lose(directory.join("ca", "authorities", "intermediate-1"));
      assert.match(String((await authority("pause")).error?.code), /^AUTHORITY_/);
      const { error } = await authority("rotate");
      assert.equal(error, undefined);
      assert.deepEqual(await signers(), ["root-1", "intermediate-2"]);
    });

    it(`begins to replace a root whose key is ${what}, while its intermediate still signs`, async () => {
      await lose(directory.join("ca", "authorities", "root-1"));
      assert.match(String((await authority("rotate")).error?.code), /^AUTHORITY_/);
      const { error } = await authority("rotate", "--root");
      assert.equal(error, undefined);
      assert.deepEqual(await signers(), ["root-1", "intermediate-1"]);
      assert.equal((await state()).rotation.to, "root-2");
    });
  }

  it("creates a new root at once if every key is lost, and keeps the former root trusted", async () => {
    for (const id of ["root-1", "intermediate-1"])
      await rm(directory.join("ca", "authorities", id), { recursive: true });
    assert.equal((await authority("rotate", "--root")).error, undefined);
    assert.deepEqual(await signers(), ["root-2", "intermediate-2"]);
  });

  it("distrusts an authority at once with --yes, destroys its key, and records it first", async () => {
    const { said } = await authority("distrust", "root-1");
    assert.match(said, /^dry run: nothing has changed\n/);
    assert.match(
      said,
      /removes +root-1, and under it intermediate-1\n {2}keys[^\n]*\n {2}signs then +a new root/,
    );
    assert.match(said, /in use +unknown: the ledger is empty\n/);
    assert.deepEqual(await signers(), ["root-1", "intermediate-1"]);
    const done = await authority("distrust", "root-1", "--yes");
    assert.match(done.said, /^root-1 is distrusted, and its key is destroyed\n[\s\S]*! no CA answers: /);
    assert.deepEqual(await signers(), ["root-2", "intermediate-2"]);
    for (const id of ["root-1", "intermediate-1"])
      assert.deepEqual(await readdir(directory.join("ca", "authorities", id)), ["ca-cert.pem"]);
    assert.match((await entries()).join("\n"), /^[^\n]*distrust accepted {2}by alice[^\n]*$/);
    assert.match((await authority("distrust", "intermediate-2")).said, /in use +no unexpired certificate\n/);
    assert.equal((await authority("distrust", "root-1", "--yes")).error?.code, "OPERATION_REFUSED");
  });

  it("replaces a compromised intermediate, even if its key is lost, and refuses an unknown authority", async () => {
    await rm(directory.join("ca", "authorities", "intermediate-1"), { recursive: true });
    const { said } = await authority("rotate", "--compromised");
    assert.match(said, /to do it: kasbah authority distrust intermediate-1 --yes/);
    const { error } = await authority("rotate", "--compromised", "--yes");
    assert.equal(error, undefined);
    assert.deepEqual(await signers(), ["root-1", "intermediate-2"]);
    for (const yes of [[], ["--yes"]])
      assert.equal((await authority("distrust", "root-9", ...yes)).error?.code, "OPERATION_REFUSED");
    assert.match((await entries()).join("\n"), /distrust accepted[\s\S]*distrust refused/);
  });

  it("creates a CSR and adopts its chain, says that no CA answers, and records both in the ledger", async () => {
    await adoptSigned();
    assert.equal((await state()).rotation.to, "root-2");
    const [first, second] = await entries();
    assert.match(String(first), /create-request accepted {2}by alice/);
    assert.match(String(second), /adopt-chain accepted {2}by alice/);
  });

  it("adopts a chain in the place of an intermediate whose key is lost", async () => {
    await rm(directory.join("ca", "authorities", "intermediate-1"), { recursive: true });
    await adoptSigned();
    assert.equal((await state()).rotation.to, "root-2");
  });

  it("names the commands that create a CSR and adopt its chain if either cannot be used", async () => {
    await writeFile(directory.join("junk"), "junk");
    const { error } = await authority("adopt", directory.join("junk"));
    assert.equal(error?.code, "OPERATION_REFUSED");
    assert.match(String(error?.message), /create one with kasbah authority csr$/);
    assert.match((await entries()).join("\n"), /adopt-chain refused/);
  });

  it("refuses while a process uses the directory, and names it", async () => {
    const control = (name: string) => directory.join("ca", "control", name);
    const note = { pid: 4711, hostname: "elsewhere", since: now.toISOString() };
    await writeFile(control("lock-holder.json"), JSON.stringify(note));
    const lock = new DatabaseSync(control("lock"));
    lock.exec("BEGIN EXCLUSIVE");
    try {
      const { error } = await authority("pause");
      assert.equal(error?.code, "ADMIN_UNREACHABLE");
      assert.match(String(error?.message), /^a CA runs but does not answer at its admin socket: .*pid 4711/);
    } finally {
      lock.close();
    }
  });

  it("changes nothing in a directory without a CA, and names the missing socket", async () => {
    const { error } = await authority("pause", "--state-dir", directory.join("other"));
    assert.equal(error?.code, "ADMIN_UNREACHABLE");
    assert.deepEqual(await readdir(directory.path), ["ca"]);
  });
});
