import assert from "node:assert/strict";
import {
  type Certificate,
  createKeyPair,
  createSerial,
  parseTrustDomain,
  TrustBundle,
  verifyAuthorityChain,
  verifyChain,
} from "@kasbah/pki";
import { createCertificateWriter } from "@kasbah/pki/certificate-writer";
import { ensureDirectory } from "@kasbah/runtime";
import { FakeClock, manualSweep, recordingLogger, temporaryDirectory } from "@kasbah/testkit";
import { testRehearsal } from "./authorities-on-disk.fixture.ts";
import { CrossCertifier } from "./fixed-roots/cross-certifier.ts";
import { AuthorityKeeper } from "./keeper.ts";
import { AuthorityKeys } from "./keys/authority-keys.ts";
import { DirectoryVault } from "./keys/directory-vault.ts";
import { type AuthorityState, authorityOf, emptyState, rootOf } from "./rotation/authority-state.ts";
import { timeGate } from "./rotation/gates/rotation-gate.ts";
import { establish } from "./rotation/rotation.ts";
import { RotationDriver } from "./rotation-driver.ts";
import { SelfSigned } from "./self-signed.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const leafMs = dayMs;
const intermediateMs = 30 * dayMs;
const rootMs = 365 * dayMs;
/**
 * Three years see every kind of rotation, the root's included, in a few seconds; `npm run test:soak` takes
 * ten.
 */
const years = Number(process.env["KASBAH_YEARS"] ?? 3);

const writer = createCertificateWriter();
const subjectAltNames = [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/frontend" }] as const;

/** The content that an agent serves: its leaf with its chain, and the bundle that came with them. */
interface Held {
  readonly leaf: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly rotateAtMs: number;
}

describe(`${years} years of authorities`, () => {
  it("rotates on time, repeats no serial, and never leaves two agents that do not trust each other", async function () {
    this.timeout(years * 60_000);
    await using directory = await temporaryDirectory();
    const clock = new FakeClock("2030-01-01T00:00:00Z");
    const { keeper, driver } = await createAuthorities(directory.join("authorities"), clock);
    const { publicKey } = await createKeyPair("P-256");
    // One agent renews at half of its leaf's lifetime, another fails until the last moment.
    const agents = [0.5, 0.97].map((share) => ({ share, held: undefined as Held | undefined }));
    const serials = new Set<string>();
    const signers = new Map<string, number>();
    const everServed = new Set<Certificate>();
    const end = clock.now().getTime() + years * rootMs;

    while (clock.now().getTime() < end) {
      await driver.look(true);
      const nowMs = clock.now().getTime();
      const before = keeper.trustBundle();
      for (const agent of agents) {
        if (agent.held !== undefined && nowMs < agent.held.rotateAtMs) continue;
        agent.held = await rotate(agent.share);
        await pairwise();
      }
      if (!keeper.trustBundle().equals(before)) await pairwise();
      acceptedByFixedRoots();
      clock.jump(hourMs);
    }

    async function rotate(share: number): Promise<Held> {
      const now = clock.now();
      const issuer = keeper.activeIssuer(now);
      const notAfter = new Date(Math.min(now.getTime() + leafMs, issuer.latestLeafExpiry.getTime()));
      await keeper.coverLeaf(issuer, notAfter);
      const validity = { notBefore: wholeSecond(now), notAfter: wholeSecond(notAfter) };
      const leaf = await writer.writeLeaf(
        { serial: createSerial(), validity, publicKey, subjectAltNames },
        issuer,
      );
      for (const certificate of [leaf, ...issuer.intermediates]) remember(certificate);
      if (!signers.has(issuer.authorityId)) signers.set(issuer.authorityId, now.getTime());
      const rotateAtMs = now.getTime() + (notAfter.getTime() - now.getTime()) * share;
      return { leaf, intermediates: issuer.intermediates, bundle: keeper.trustBundle(), rotateAtMs };
    }

    /** A client accepts the CA until its root expires, even if its root file is never updated. */
    function acceptedByFixedRoots(): void {
      const now = clock.now();
      const { certificate, intermediates, crossCertificates } = keeper.servingIssuer(now);
      const above = [...intermediates.slice(1), ...crossCertificates];
      everServed.add(rootOf(keeper.state, keeper.state.servingSignerId).certificate);
      for (const root of everServed) {
        if (root.notAfter > now) verifyOnceUnder(root, certificate, above, now);
      }
    }

    /** A serial may only repeat with the same certificate. */
    function remember({ serial, fingerprint }: Certificate): void {
      const known = serials.has(serial);
      serials.add(serial);
      if (known) assert.ok(serials.has(`${serial} ${fingerprint}`), `serial ${serial} twice`);
      serials.add(`${serial} ${fingerprint}`);
    }

    /** Verifies every valid leaf against every bundle in use and the one that the CA would return now. */
    async function pairwise(): Promise<void> {
      const now = clock.now();
      const all = agents.flatMap(({ held }) =>
        held === undefined || held.leaf.notAfter <= now ? [] : [held],
      );
      for (const { leaf, intermediates } of all) {
        for (const bundle of [...all.map((each) => each.bundle), keeper.trustBundle()]) {
          verifyOnce({ leaf, intermediates, bundle, now });
        }
      }
    }

    assert.ok(serials.size > years * 365 * 3);
    checkTimes([...signers].map(([id, atMs]) => ({ authority: id, atMs })));

    function checkTimes(changes: readonly { authority: string; atMs: number }[]): void {
      const rootsMade = keeper.state.made.root;
      const expected = Math.floor((years * rootMs) / ((rootMs * 2) / 3 + 4 * dayMs));
      assert.ok(Math.abs(rootsMade - 1 - expected) <= 1, `${rootsMade} roots in ${years} years`);
      for (const [index, change] of changes.slice(1).entries()) {
        const livedMs = change.atMs - (changes[index]?.atMs ?? 0);
        // Two thirds of a month, and up to four days more while a root is being replaced.
        assert.ok(livedMs < 24.5 * dayMs, `${changes[index]?.authority} signed for ${livedMs / dayMs} days`);
      }
    }
  });
});

const wholeSecond = (date: Date) => new Date(Math.floor(date.getTime() / 1000) * 1000);

const verified = new WeakMap<Certificate, Set<string>>();

/** A pair that verified once stays valid until the leaf expires, so it is not checked again. */
function verifyOnce(chain: Parameters<typeof verifyChain>[0]): void {
  const known = verified.get(chain.leaf) ?? new Set<string>();
  verified.set(chain.leaf, known);
  if (known.has(chain.bundle.hash)) return;
  verifyChain(chain);
  known.add(chain.bundle.hash);
}

/** The client needs no more of the chain than leads to its root. */
function verifyOnceUnder(
  root: Certificate,
  authority: Certificate,
  above: readonly Certificate[],
  now: Date,
): void {
  const known = verified.get(authority) ?? new Set<string>();
  verified.set(authority, known);
  const key = [root, ...above].map(({ fingerprint }) => fingerprint).join();
  if (known.has(key)) return;
  const end = [authority, ...above].findIndex((each) => each.isIssuedBy(root));
  assert.notEqual(end, -1, "no part of the chain leads to the root");
  const intermediates = above.slice(0, end);
  verifyAuthorityChain({ authority, intermediates, bundle: TrustBundle.from([root]), now });
  known.add(key);
}

async function createAuthorities(path: string, clock: FakeClock) {
  const trustDomain = parseTrustDomain("cluster.local");
  const profile = {
    trustDomain,
    keyType: "P-256",
    rootTtlMs: rootMs,
    intermediateTtlMs: intermediateMs,
    withIntermediate: true,
    nameConstraints: false,
  } as const;
  await ensureDirectory(path, 0o700);
  const keys = new AuthorityKeys(new DirectoryVault({ directory: path, passphrase: undefined }));
  const rehearse = testRehearsal(clock);
  const deps = { profile, keys, writer, newSerial: createSerial, rehearse, clock };
  const selfSigned = new SelfSigned(deps);
  const logger = recordingLogger();
  const keeper = new AuthorityKeeper({ store: memoryStore(), keys, clock, logger });
  const first = await selfSigned.createRoot(keeper.state);
  await keeper.transition((state) => establish(state, first));
  const crosses = new CrossCertifier({ ...deps, keeper, logger });
  const sweeps = { starts: manualSweep().sweep, advances: manualSweep().sweep };
  const driver = new RotationDriver({
    onDestroyKey: async () => undefined,
    leads: () => true,
    keeper,
    keys,
    selfSigned,
    profile,
    gate: timeGate,
    holds: () => undefined,
    minStageMs: 0,
    keepRetiredKeysMs: 7 * dayMs,
    automatic: true,
    ...sweeps,
    beforeAdvance: () => crosses.ensure(),
    rootClients: () => [],
    clock,
    logger,
  });
  assert.equal(authorityOf(keeper.state, keeper.state.signerId).kind, "intermediate");
  return { keeper, driver };
}

/** Thirty thousand durable writes would only measure the disk. */
function memoryStore() {
  let current: AuthorityState = emptyState;
  return {
    get current() {
      return current;
    },
    update: async (change: (state: AuthorityState) => AuthorityState) => {
      current = change(current);
      return current;
    },
  };
}
