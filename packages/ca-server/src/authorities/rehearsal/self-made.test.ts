import assert from "node:assert/strict";
import { createSerial, parseTrustDomain } from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { StateError } from "../../errors.ts";
import { dayMs, openOnDisk } from "../authorities-on-disk.fixture.ts";
import { AuthorityKeys } from "../keys/authority-keys.ts";
import { DirectoryVault } from "../keys/directory-vault.ts";
import { emptyState } from "../rotation/authority-state.ts";
import { SelfSigned } from "../self-signed.ts";
import type { Rehearse } from "./candidate.ts";

const refuse: Rehearse = async () => {
  throw new StateError("REHEARSAL_FAILED", "clients would reject it");
};
const accept: Rehearse = async () => [];

describe("Authorities that the CA creates", () => {
  let directory: TemporaryDirectory;
  let verdict: Rehearse;
  const clock = new FakeClock(new Date("2030-01-01T00:00:00Z"));

  beforeEach(async () => {
    directory = await temporaryDirectory();
    verdict = refuse;
  });
  afterEach(() => directory.remove());

  const create = () => {
    const keys = new AuthorityKeys(new DirectoryVault({ directory: directory.path, passphrase: undefined }));
    const profile = {
      trustDomain: parseTrustDomain("cluster.local"),
      keyType: "P-256",
      rootTtlMs: 3650 * dayMs,
      intermediateTtlMs: 365 * dayMs,
      withIntermediate: true,
      nameConstraints: false,
    } as const;
    const rehearse: Rehearse = (candidate) => verdict(candidate);
    const writer = createCertificateWriter();
    const selfSigned = new SelfSigned({ profile, keys, writer, newSerial: createSerial, rehearse, clock });
    return { keys, selfSigned };
  };

  it("are refused if their rehearsal fails, with a warning, and without leaving a key", async () => {
    const { keys, selfSigned } = create();
    for (let tries = 0; tries < 2; tries += 1) {
      await rejectsWithCode(selfSigned.createRoot(emptyState), "REHEARSAL_FAILED");
      assert.equal(await keys.find("intermediate-1"), undefined);
      assert.match(selfSigned.warnings()[0] ?? "", /cannot use the authority that it created: clients would/);
    }
    assert.equal(await keys.find("root-2"), undefined);
  });

  it("are used as soon as their rehearsal passes, with the root of the attempt before", async () => {
    const { selfSigned } = create();
    await rejectsWithCode(selfSigned.createRoot(emptyState), "REHEARSAL_FAILED");
    verdict = accept;
    const { authorities } = await selfSigned.createRoot(emptyState);
    assert.deepEqual(
      authorities.map(({ id }) => id),
      ["root-1", "intermediate-1"],
    );
    assert.deepEqual(selfSigned.warnings(), []);
  });

  it("leave the key of a crash aside if it no longer works", async () => {
    verdict = accept;
    await create().selfSigned.createRoot(emptyState);
    verdict = async ({ signer }) => {
      if (signer.certificate.equals(first)) return refuse({} as never);
      return [];
    };
    const { keys, selfSigned } = create();
    const first = (await keys.find("intermediate-1"))?.certificate as never;
    const { signerId } = await selfSigned.createRoot(emptyState);
    assert.equal(signerId, "intermediate-2");
  });

  it("work with every profile, by their own rehearsal", async () => {
    const profiles = [
      {},
      { withIntermediate: false },
      { nameConstraints: true },
      { keyType: "P-384" } as const,
    ];
    for (const [index, profile] of profiles.entries()) {
      const { keeper, driver } = await openOnDisk({ path: directory.join(`${index}`), clock, ...profile });
      await driver.rotate("root");
      assert.equal(keeper.state.rotation?.kind, "root");
    }
  });
});
