import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { formatVerifierKey } from "@kasbah/ledger/tree";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { changedProofs, newLogKey, sampleEntry, sampleProof, trusted } from "@kasbah/testkit/ledger";

const script = fileURLToPath(new URL("../../docs/verify-proof.sh", import.meta.url));
const missing = ["openssl", "jq"].filter((tool) => spawnSync(tool, ["--help"]).error !== undefined);
const skipped = missing.length === 0 ? "" : ` (skipped: ${missing.join(" and ")} not installed)`;

describe(`Proof of the ledger verified with only openssl, jq and a shell${skipped}`, function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;

  before(async function () {
    if (missing.length > 0) this.skip();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  /** Every failure reason in the script except those for invalid arguments. */
  async function reasonsOfTheTree(): Promise<readonly string[]> {
    const reasons = [...(await readFile(script, "utf8")).matchAll(/\bfail "([^"$]+)"/g)].map(
      ([, reason]) => reason,
    );
    return reasons
      .filter((reason) => !/^expected|^the trusted key is not/.test(reason ?? ""))
      .map((reason) => `not verified: ${reason}`)
      .toSorted();
  }

  async function verify(
    proof: string,
    key = trusted,
  ): Promise<{ status: number | null; said: string; why: string }> {
    const file = directory.join("proof.json");
    await writeFile(file, proof);
    const { status, stdout, stderr } = spawnSync("sh", [script, file, key], { encoding: "utf8" });
    return { status, said: stdout, why: stderr };
  }

  it("is rejected with a reason if any part of it was changed", async () => {
    const reasons = new Set<string>();
    for (const [what, changed] of changedProofs(sampleProof(5, 11))) {
      const { status, said, why } = await verify(changed);
      assert.deepEqual({ what, status, said }, { what, status: 1, said: "" });
      assert.match(why, /^not verified: [^\n]+\n$/, what);
      reasons.add(why.trim());
    }
    assert.deepEqual([...reasons].toSorted(), await reasonsOfTheTree());
  });

  it("is rejected under another key, without a key, or without a file", async () => {
    const proof = sampleProof(5, 11);
    const otherKey = formatVerifierKey(newLogKey().verifier);
    for (const key of [
      otherKey,
      "",
      "ca.example/ledger",
      trusted.slice(0, -1),
      `${trusted}\n`,
      `x${trusted}`,
    ])
      assert.equal((await verify(proof, key)).status, 1, key);
    assert.equal(spawnSync("sh", [script, directory.join("proof.json")]).status, 1);
    assert.equal(spawnSync("sh", [script, directory.join("absent.json"), trusted]).status, 1);
  });

  it("is accepted in trees of any shape, and the script prints the entry byte for byte", async () => {
    for (const [index, size] of [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 3],
      [6, 7],
      [0, 8],
      [5, 11],
      [10, 11],
      [511, 600],
      [599, 600],
      [69_999, 70_000],
    ] as const) {
      const { status, said, why } = await verify(sampleProof(index, size));
      assert.deepEqual(
        { status, said, why },
        { status: 0, said: `${sampleEntry(index)}\nverified\n`, why: "" },
      );
    }
  });

  it("is accepted for an entry that contains line feeds or zeros or is empty", async () => {
    for (const entry of ["", "\n", "\n\n", "\0\0", "%s \\n $(id) `id` *", "a".repeat(100_000)]) {
      const { status, said } = await verify(
        sampleProof(2, 5, undefined, (at) => (at === 2 ? entry : `${at}`)),
      );
      assert.deepEqual({ status, said }, { status: 0, said: `${entry}\nverified\n` });
    }
  });

  it("is verified by the twenty-line script in docs/audit.md as well, which prints no wrong entry for a changed proof", async () => {
    const page = await readFile(new URL("../../docs/audit.md", import.meta.url), "utf8");
    const [, lines = ""] = /```sh.*\n(#!\/bin\/sh -eu\n.*?)```/s.exec(page) ?? [];
    assert.ok(lines.split("\n").length <= 22);
    const short = directory.join("short.sh");
    await writeFile(short, lines);
    const file = directory.join("proof.json");
    const believed = async (proof: string, key = trusted) => {
      await writeFile(file, proof);
      const { status, stdout } = spawnSync("sh", ["-eu", short, file, key], { encoding: "utf8" });
      return status === 0 ? stdout : undefined;
    };
    const expected = (index: number) => `Signature Verified Successfully\n${sampleEntry(index)}`;
    for (const [index, size] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [6, 7],
      [5, 11],
      [10, 11],
      [599, 600],
    ] as const)
      assert.equal(await believed(sampleProof(index, size)), expected(index), `${index} of ${size}`);
    for (const [what, changed] of changedProofs(sampleProof(5, 11)))
      assert.ok([undefined, expected(5)].includes(await believed(changed)), what);
    assert.equal(await believed(sampleProof(5, 11), formatVerifierKey(newLogKey().verifier)), undefined);
  });

  it("is verified without leaving temporary files behind", async () => {
    const before = (await readFile(script)).length;
    const temporary = directory.join("tmp");
    spawnSync("mkdir", [temporary]);
    await writeFile(directory.join("proof.json"), sampleProof(5, 11));
    const env = { ...process.env, TMPDIR: temporary };
    assert.equal(spawnSync("sh", [script, directory.join("proof.json"), trusted], { env }).status, 0);
    assert.equal(spawnSync("sh", [script, directory.join("proof.json"), "no key"], { env }).status, 1);
    assert.equal(spawnSync("ls", ["-A", temporary], { encoding: "utf8" }).stdout, "");
    assert.equal((await readFile(script)).length, before);
  });
});
