import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrustDomain } from "@kasbah/pki";
import { type FakeClock, recordingLogger } from "@kasbah/testkit";
import { AuthorityKeys } from "../../../packages/ca-server/src/authorities/keys/authority-keys.ts";
import { adoptPluggedIn } from "../../../packages/ca-server/src/authorities/plugged-in/authority.ts";
import { PluggedInSource } from "../../../packages/ca-server/src/authorities/plugged-in/source.ts";
import { rootOf } from "../../../packages/ca-server/src/authorities/rotation/authority-state.ts";
import { ModelCa } from "./model-ca.ts";
import { CompanyPki, writeSet } from "./plugged-in-sets.ts";
import type { Flavor } from "./walk.ts";

/** A CA that created its root, with or without an intermediate. */
export function selfSignedFlavor(withIntermediate: boolean): Flavor {
  return {
    withIntermediate,
    maker: (clock) => ({
      async make(kind, state, vault) {
        const ca = new ModelCa({ state, vault, clock, withIntermediate });
        await ca.load();
        return kind === "root" ? ca.selfSigned.createRoot(state) : ca.selfSigned.createIntermediate(state);
      },
    }),
    async plugIn() {
      throw new Error("a CA with its own root needs no files");
    },
  };
}

/** A CA with intermediates of a company's PKI, whose root keys it does not have. */
export function pluggedInFlavor(): Flavor {
  const pki = new CompanyPki();
  return {
    withIntermediate: true,
    maker: (clock) => ({
      async make(kind, state, vault) {
        const now = clock.now();
        const set =
          kind === "root"
            ? await pki.underNewRoot(now)
            : await pki.under(rootOf(state, state.signerId).certificate, now);
        return adoptPluggedIn(set, state, new AuthorityKeys(vault), clock);
      },
    }),
    plugIn: (ca, clock) => plugIn(pki, ca, clock),
  };
}

/** The operator replaces the files: under the same root if that is valid, else under a new one beside it. */
async function plugIn(pki: CompanyPki, ca: ModelCa, clock: FakeClock): Promise<void> {
  const now = clock.now();
  const root = rootOf(ca.keeper.state, ca.keeper.state.signerId).certificate;
  const isValid = root.notBefore <= now && now < root.notAfter;
  const former = now < root.notAfter ? [root] : [];
  const directory = await mkdtemp(join(tmpdir(), "kasbah-way-out-"));
  try {
    await writeSet(directory, isValid ? await pki.under(root, now) : await pki.underNewRoot(now, former));
    const source = new PluggedInSource({
      ...{ directory, trustDomain: parseTrustDomain("cluster.local"), passphrase: undefined },
      ...{
        rehearse: async () => [],
        keeper: ca.keeper,
        keys: ca.keys,
        onPrepared: () => ca.driver.look(false),
      },
      ...{ clock, logger: recordingLogger() },
    });
    await source.take();
  } finally {
    await rm(directory, { recursive: true });
  }
}
