import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { loadConfig } from "@kasbah/runtime/yaml";
import {
  createTestAuthority,
  FakeClock,
  mintSecret,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { HeldRoots } from "../ca/roots/held-roots.ts";
import { command } from "../config/command.ts";
import { options } from "../config/options.ts";
import { Wake } from "../rotation/wake.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { formatCachedSecret } from "./cached-secret.ts";
import { createSecretCache } from "./create-secret-cache.ts";

const start = new Date("2030-01-01T00:00:00Z");
const life = { receivedAt: start, ttlMs: 3_600_000 };
const backend = "spiffe://cluster.local/ns/demo/sa/backend";

describe("createSecretCache without a token", () => {
  let ground: TemporaryDirectory;
  let authority: TestAuthority;

  before(async () => {
    authority = await createTestAuthority();
  });
  beforeEach(async () => {
    ground = await temporaryDirectory();
    const cached = await mintSecret({ authority, ...life });
    await mkdir(ground.join("cache"), { mode: 0o700 });
    const text = formatCachedSecret(cached, cached.bundle);
    await writeFile(ground.join("cache", "secret.json"), text, { mode: 0o600 });
    await writeFile(ground.join("root.pem"), authority.rootPem);
  });
  afterEach(() => ground.remove());

  const provide = async (uri?: string) => {
    const { leaf, keyPair } = await mintSecret({ authority, ...life, ...(uri ? { uri } : {}) });
    await mkdir(ground.join("provided"));
    await writeFile(ground.join("provided", "cert-chain.pem"), leaf.toPem());
    await writeFile(ground.join("provided", "key.pem"), keyPair.toPkcs8Pem());
  };
  /** Whether the cached secret is served. */
  const restored = async (...argv: string[]) => {
    const args = ["--token-file", ground.join("none"), "--ecc-signature-algorithm", "ECDSA", ...argv];
    const outcome = loadConfig(command, options, { argv: args, env: {}, readFile: () => "" });
    assert.ok(outcome.kind === "run");
    const clock = new FakeClock(start);
    const store = new SecretStore(clock);
    const logger = recordingLogger();
    const trust = { roots: new HeldRoots(ground.join("root.pem"), logger), changes: new Wake() };
    const { config } = outcome;
    const deps = { config, store, clock, roll: () => 0.5, logger, ...trust };
    await createSecretCache(ground.join("cache"), deps);
    return store.current !== undefined;
  };

  it("serves nothing if the provided certificate contradicts the flags", async () => {
    await provide(backend);
    const flags = ["--namespace", "demo", "--service-account", "frontend"];
    assert.equal(await restored("--prov-cert", ground.join("provided"), ...flags), false);
  });

  it("serves nothing if the cached name is not that of the provided certificate", async () => {
    await provide(backend);
    assert.equal(await restored("--prov-cert", ground.join("provided")), false);
  });

  it("takes the workload's name from the provided certificate alone", async () => {
    await provide();
    assert.ok(await restored("--prov-cert", ground.join("provided")));
  });

  it("takes the workload's name from the flags alone", async () => {
    assert.ok(await restored("--namespace", "demo", "--service-account", "frontend"));
  });
});
