import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, writeFile } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type AuthoritiesOnDisk, dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { caExtensions, middleExtensions, OpensslHome } from "../plugged-in/openssl-home.fixture.ts";
import { authorityOf, rootOf } from "../rotation/authority-state.ts";

function keyOf(csrPem: string): string {
  return execFileSync("openssl", ["req", "-noout", "-pubkey"], { input: csrPem, encoding: "utf8" });
}

describe("Authority requests", () => {
  let company: OpensslHome;
  let directory: TemporaryDirectory;
  let clock: FakeClock;
  let ca: AuthoritiesOnDisk;

  before(async () => {
    company = await OpensslHome.create();
    company.createRoot("corporate", { days: 300 });
    await company.createIntermediate("issuing", "corporate", { days: 200, extensions: middleExtensions });
  });
  after(() => company.remove());

  beforeEach(async () => {
    directory = await temporaryDirectory();
    // OpenSSL signs from the real time on.
    clock = new FakeClock(new Date(Date.now() + 3_600_000));
    await open();
  });
  afterEach(() => directory.remove());

  const open = async () => {
    ca = await openOnDisk({ path: directory.path, clock });
  };
  const keys = async () =>
    (await readdir(directory.join("authorities"), { recursive: true })).filter((file) =>
      file.endsWith("request-1/ca-key.pem"),
    );
  const complete = async () => {
    for (let looks = 0; looks < 6; looks++) await ca.driver.look(false);
  };

  /** The company's PKI signs a CSR; returns the certificate. */
  async function sign(csrPem: string, issuer = "issuing", extensions = caExtensions, days = 100) {
    await writeFile(company.path("asked.csr"), csrPem);
    await company.certify("asked", issuer, { days, extensions });
    return company.pem("asked");
  }
  /** The signed certificate, the company's intermediate and root. */
  async function signedChain(csrPem: string): Promise<string> {
    return (await sign(csrPem)) + (await company.pem("issuing")) + (await company.pem("corporate"));
  }
  const adopt = (chainPem: string, rootsPem = "") => ca.requests.adopt({ chainPem, rootsPem });

  describe("refusals", () => {
    it("refuses a chain if no CSR is outstanding", async () => {
      const error = await rejectsWithCode(adopt(await company.pem("issuing")), "OPERATION_REFUSED");
      assert.match(error.message, /no CSR is outstanding: create one with kasbah authority csr/);
    });

    it("refuses a chain for another key, and names the keys that it expected and found", async () => {
      await ca.requests.create();
      await ca.requests.create();
      const error = await rejectsWithCode(adopt(await company.pem("issuing")), "OPERATION_REFUSED");
      assert.match(
        error.message,
        /expected the P-256 key SHA-256 [0-9a-f]{16} of request-1 or the P-256 key SHA-256 [0-9a-f]{16} of request-2, found the P-256 key SHA-256 [0-9a-f]{16}$/,
      );
      for (const junk of ["", "junk", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"])
        await rejectsWithCode(adopt(junk), "OPERATION_REFUSED");
      assert.equal(ca.keeper.state.requests.open.length, 2);
    });

    it("refuses a chain that clients would not accept, and keeps the CSR outstanding", async () => {
      const { csrPem } = await ca.requests.create();
      const leaf = "basicConstraints=critical,CA:FALSE\nsubjectKeyIdentifier=hash\n";
      const above = (await company.pem("issuing")) + (await company.pem("corporate"));
      const email = `${caExtensions}extendedKeyUsage=emailProtection\n`;
      const noRoot = await company.pem("issuing");
      for (const [chain, reason] of [
        [(await sign(csrPem, "issuing", leaf)) + above, /the signed certificate .* is not a CA|is not a CA/],
        [
          (await sign(csrPem, "issuing", email)) + above,
          /extended key usage without serverAuth and clientAuth/,
        ],
        [await sign(csrPem), /does not lead to a root in the chain, --root or the roots in use/],
        [(await sign(csrPem)) + noRoot, /does not lead to a root/],
      ] as const) {
        const error = await rejectsWithCode(adopt(chain), "PLUGGED_IN_REJECTED");
        assert.match(error.message, reason);
      }
      assert.equal(ca.keeper.state.requests.open.length, 1);
      assert.equal(ca.keeper.state.rotation, undefined);
      assert.deepEqual(await keys(), ["request-1/ca-key.pem"]);
    });

    it("refuses a chain that leads to a distrusted authority", async () => {
      const now = clock.now();
      await ca.keeper.coverLeaf(ca.keeper.activeIssuer(now), new Date(now.getTime() + dayMs));
      await adopt(await signedChain((await ca.requests.create()).csrPem));
      await complete();
      await ca.compromise.distrust("root-2");
      const error = await rejectsWithCode(
        adopt(await signedChain((await ca.requests.create()).csrPem)),
        "PLUGGED_IN_REJECTED",
      );
      assert.match(error.message, /the key of root-2, which an operator distrusted/);
    });

    it("refuses a chain while rotations are paused, and stores no second copy of its key", async () => {
      const { csrPem } = await ca.requests.create();
      await ca.driver.pause();
      const before = await readdir(directory.join("authorities"));
      await rejectsWithCode(adopt(await signedChain(csrPem)), "OPERATION_REFUSED");
      assert.deepEqual(await readdir(directory.join("authorities")), before);
    });

    it("refuses a ninth CSR until one is adopted or expires, and destroys the keys of expired ones", async () => {
      for (let made = 0; made < 8; made++) await ca.requests.create();
      const error = await rejectsWithCode(ca.requests.create(), "OPERATION_REFUSED");
      assert.match(error.message, /^8 CSRs are outstanding/);
      clock.jump(60 * dayMs);
      await ca.driver.look(false);
      assert.deepEqual([ca.keeper.state.requests.open, await keys()], [[], []]);
      assert.equal((await ca.requests.create()).id, "request-9");
    });
  });

  it("moves to the company's root in stages, and lets the old root certify it for clients with a fixed file", async () => {
    const { csrPem, id } = await ca.requests.create();
    assert.deepEqual(
      ca.driver.status().requests?.map((each) => each.id),
      [id],
    );
    assert.equal((await adopt(await signedChain(csrPem))).kind, "root");
    await complete();
    const { state } = ca.keeper;
    assert.deepEqual([state.rotation, state.signerId], [undefined, "intermediate-2"]);
    const { origin, byRequest, hasKey, chain } = authorityOf(state, state.signerId);
    assert.deepEqual([origin, byRequest, hasKey, chain.length], ["plugged-in", true, true, 1]);
    assert.equal(state.crossCertificates.length, 1);
    assert.deepEqual([state.requests.open, await keys()], [[], []]);
    await open();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-2");
  });

  it("takes another intermediate of the root in use at once, without the root in the chain", async () => {
    await adopt(await signedChain((await ca.requests.create()).csrPem));
    await complete();
    const second = await ca.requests.create();
    const third = await ca.requests.create();
    const chain = (await company.pem("issuing")) + (await sign(third.csrPem));
    assert.deepEqual(await adopt(chain), {
      requestId: "request-3",
      authorityId: "intermediate-3",
      kind: "intermediate",
    });
    await complete();
    assert.equal(ca.keeper.state.signerId, "intermediate-3");
    const roots = await company.pem("corporate");
    await adopt((await sign(second.csrPem)) + (await company.pem("issuing")), roots);
    await complete();
    assert.equal(ca.keeper.state.signerId, "intermediate-4");
    assert.equal(rootOf(ca.keeper.state, "intermediate-4").id, rootOf(ca.keeper.state, "intermediate-3").id);
  });

  it("asks for the next CSR when a third of the lifetime is left, and names an outstanding one", async () => {
    await adopt(await signedChain((await ca.requests.create()).csrPem));
    await complete();
    assert.ok(!ca.warnings().some((text) => text.includes("kasbah authority csr")));
    clock.jump(70 * dayMs);
    const asked = ca.warnings().filter((text) => text.includes("only your PKI can replace it"));
    assert.match(
      String(asked[0]),
      /^intermediate-2 expires at .*: run kasbah authority csr, and have the CSR signed$/,
    );
    const refused = await rejectsWithCode(ca.driver.rotate("intermediate"), "OPERATION_REFUSED");
    assert.match(refused.message, /run kasbah authority csr/);
    await ca.requests.create();
    assert.match(
      ca.warnings().join("\n"),
      /have the CSR of request-2 signed, and run kasbah authority adopt by /,
    );
  });

  it("names the commands that lead out if the signed intermediate has expired, and they do", async () => {
    await adopt(await signedChain((await ca.requests.create()).csrPem));
    await complete();
    clock.jump(101 * dayMs);
    await open();
    assert.throws(
      () => ca.keeper.activeIssuer(clock.now()),
      /intermediate-2 .*has expired: .*run kasbah authority csr, .* kasbah authority adopt .*: adopted-invalid/,
    );
    const { csrPem } = await ca.requests.create();
    await adopt((await sign(csrPem, "issuing", caExtensions, 190)) + (await company.pem("issuing")));
    await complete();
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-3");
  });

  it("names these commands if the only signed intermediate is to be distrusted", async () => {
    await adopt(await signedChain((await ca.requests.create()).csrPem));
    await complete();
    for (const id of ["intermediate-2", "root-2"]) {
      const error = await rejectsWithCode(ca.compromise.distrust(id), "OPERATION_REFUSED");
      assert.match(error.message, /run kasbah authority csr, .* kasbah authority adopt/);
    }
    await adopt((await sign((await ca.requests.create()).csrPem)) + (await company.pem("issuing")));
    await complete();
    await ca.compromise.distrust("intermediate-2");
    assert.equal(ca.keeper.activeIssuer(clock.now()).authorityId, "intermediate-3");
  });

  it("says which authority has the key of a chain that was adopted before", async () => {
    const chain = await signedChain((await ca.requests.create()).csrPem);
    await adopt(chain);
    await ca.requests.create();
    const error = await rejectsWithCode(adopt(chain), "OPERATION_REFUSED");
    assert.match(
      error.message,
      /the chain was adopted before, as intermediate-2: see kasbah authority list --all/,
    );
  });

  it("uses the key of a CSR that a crash left behind, and removes that of an adopted one", async () => {
    const { csrPem } = await ca.requests.create();
    await ca.keeper.transition((state) => ({ ...state, requests: { made: 0, open: [] } }));
    await open();
    const again = await ca.requests.create();
    assert.equal(keyOf(again.csrPem), keyOf(csrPem));
    await adopt(await signedChain(csrPem));
    assert.deepEqual(await keys(), []);
  });
});
