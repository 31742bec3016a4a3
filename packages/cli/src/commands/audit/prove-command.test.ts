import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeEntry } from "@kasbah/ledger";
import { verifyProofFile } from "@kasbah/ledger/tree";
import { entryLine, issued, type SignedLedger, writeSignedLedger } from "@kasbah/testkit/ledger";
import { runKasbah } from "../run-kasbah.fixture.ts";

const certificate = issued();
const certificateLine = `${Buffer.from(encodeEntry(certificate))}\n`;

describe("kasbah audit verify and prove", () => {
  let ledger: SignedLedger;

  beforeEach(async () => {
    ledger = await writeSignedLedger(300, {
      lineOf: (index) => (index === 270 ? certificateLine : entryLine(index)),
      at: 200,
      look: async ({ checkpoint }) => cp(checkpoint, `${checkpoint}.kept`),
    });
  });
  afterEach(() => ledger.remove());

  const audit = (...argv: string[]) =>
    runKasbah(["audit", ...argv], { env: { KASBAH_STATE_DIR: ledger.stateDirectory } });
  const change = async (from: string, to: string) => {
    const text = await readFile(ledger.lastSegment, "utf8");
    await writeFile(ledger.lastSegment, text.replace(from, to));
  };

  it("names the first entry that was changed, as text and as JSON, and exits with 1", async () => {
    await change('"act 123"', '"act 321"');
    const { said, exitCode } = await audit("verify");
    assert.equal(exitCode, 1);
    assert.match(
      said,
      / BROKEN {2}entry 123: the entry was changed or replaced \(segments\/0{15}\.jsonl, line 124\)\n/,
    );
    assert.doesNotMatch(said, /matches the signed checkpoint/);
    const [found] = JSON.parse((await audit("verify", "--json")).said).ledgers;
    assert.equal(found.findings[0].index, 123);
  });

  it("reports the number of entries and the verifying key of an intact ledger", async () => {
    const { said, exitCode } = await audit("verify");
    assert.equal(exitCode, 0);
    assert.match(said, /^ledger 0\n {2}log +cluster\.local\/kasbah-ledger\/[0-9a-f]{16}\n/);
    assert.match(said, /entries +300\n.*all entries\n.*the key next to the ledger \(use --key/);
    assert.match(said, /every entry matches the signed checkpoint\n$/);
  });

  it("verifies the ledger with a key and a checkpoint that were kept elsewhere", async () => {
    const { verifierKey, checkpoint } = ledger.directory;
    const sound = await audit("verify", "--key", verifierKey, "--checkpoint", `${checkpoint}.kept`);
    assert.equal(sound.exitCode, 0);
    assert.match(sound.said, /the key from --key/);
    const other = await writeSignedLedger(300);
    const wrong = await audit("verify", "--key", other.directory.verifierKey);
    assert.deepEqual([wrong.exitCode, wrong.said.includes("BROKEN")], [1, true]);
    const foreign = await audit("verify", "--checkpoint", other.directory.checkpoint);
    assert.equal(foreign.error?.code, "TARGET_INVALID");
    assert.equal((await audit("verify", "--key", ledger.lastSegment)).error?.code, "TARGET_INVALID");
    assert.equal((await audit("verify", "--key", join(checkpoint, "none"))).error?.code, "TARGET_INVALID");
    await other.remove();
  });

  it("says how a ledger gets its key if it has none", async () => {
    await rm(ledger.directory.verifierKey);
    const { error } = await audit("verify");
    assert.match(
      String(error),
      /ledger-key\.pub is missing: start the CA, .* or give the key that you kept by --key/,
    );
  });

  it("proves a certificate by serial or fingerprint to anyone with the key", async () => {
    const key = (await readFile(ledger.directory.verifierKey, "utf8")).trim();
    for (const name of [certificate.serial, certificate.fingerprint]) {
      const { said, error } = await audit("prove", name);
      assert.equal(error, undefined);
      const proven = verifyProofFile(said, key);
      assert.deepEqual([proven.index, JSON.parse(proven.entry)], [270, certificate]);
    }
  });

  it("refuses to prove a certificate that is missing from the ledger or differs from it", async () => {
    assert.equal((await audit("prove", "0a0b0c")).error?.code, "TARGET_INVALID");
    await change('"rule":"', '"rule":"x');
    const { error, said } = await audit("prove", certificate.serial);
    assert.match(String(error?.code), /^(PROOF_INVALID|LEDGER_DAMAGED)$/);
    assert.equal(said, "");
  });
});
