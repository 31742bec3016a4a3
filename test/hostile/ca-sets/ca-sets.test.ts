import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { StateError, trySet } from "@kasbah/ca-server/state";
import { parseTrustDomain } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { setUpTimeoutMs } from "../../harness/envoy.ts";
import { hasGo } from "../../harness/go-program.ts";
import type { CaSet, ClientVerdict, ClientVerdicts } from "./ca-set.ts";
import { envoyVerdicts } from "./clients/envoy.ts";
import { goVerdicts } from "./clients/go.ts";
import { opensslVerdict } from "./clients/openssl.ts";
import { inParallel } from "./in-parallel.ts";
import { caSets } from "./table.ts";
import { type MadeSet, Workshop } from "./workshop.ts";

/** What a client or kasbah said: "ok", or the reason for a rejection. */
type Said = ReadonlyMap<string, string>;

describe("CA set", function () {
  this.timeout(setUpTimeoutMs);
  let directory: TemporaryDirectory;
  let policies: TemporaryDirectory;
  const clients: { -readonly [Client in keyof ClientVerdicts]-?: Said } = {
    openssl: new Map(),
    strict: new Map(),
    envoy: new Map(),
    go: new Map(),
  };
  const kasbah = new Map<string, KasbahSaid>();

  before(async () => {
    [directory, policies] = await Promise.all([temporaryDirectory(), temporaryDirectory()]);
    const workshop = new Workshop(directory.path);
    const made = await inParallel(caSets, (set) => workshop.make(set));
    const openssl = (...options: string[]) =>
      inParallel(made, async (one) => [one.set.name, await opensslVerdict(one, ...options)] as const);
    clients.openssl = new Map(await openssl());
    clients.strict = new Map(await openssl("-x509_strict"));
    clients.envoy = await envoyVerdicts(made, directory.path);
    if (hasGo()) clients.go = goVerdicts(made);
    for (const one of made) kasbah.set(one.set.name, await kasbahVerdict(one, policies));
  });
  after(() => Promise.all([directory.remove(), policies.remove()]));

  it("tables have at least 60 sets with different names", () => {
    assert.equal(new Set(caSets.map(({ name }) => name)).size, caSets.length);
    assert.ok(caSets.length >= 60);
  });

  for (const set of caSets) {
    it(`with ${set.name} is judged as the table says, by each client and by kasbah`, () => {
      const names: (keyof ClientVerdicts)[] = [
        "openssl",
        "strict",
        "envoy",
        ...(hasGo() ? ["go" as const] : []),
      ];
      for (const client of names) {
        const said = clients[client].get(set.name);
        const verdict: ClientVerdict = said === "ok" ? "accepts" : "rejects";
        assert.equal(verdict, set.clients?.[client] ?? "accepts", `${client}: ${said}`);
      }
      checkKasbah(set, kasbah.get(set.name) ?? { warnings: [], refusal: "not tried" });
    });
  }

  it("is refused if and only if OpenSSL, BoringSSL or Go rejects it, or a stricter rule has a reason", () => {
    for (const { name, clients: said = {}, stricter, kasbah: verdict } of caSets) {
      const isRejected = [said.openssl, said.envoy, said.go].includes("rejects");
      assert.equal("refuses" in verdict, isRejected || stricter !== undefined, name);
      assert.ok(!(isRejected && stricter !== undefined), name);
      const isStrictAlone = said.strict === "rejects" && !isRejected;
      const warned = "warns" in verdict ? verdict.warns : [];
      if (stricter === undefined) assert.equal(warned.includes("strict-x509"), isStrictAlone, name);
    }
  });
});

interface KasbahSaid {
  readonly warnings: readonly string[];
  readonly refusal?: string;
}

const base = { trustDomain: parseTrustDomain("cluster.local"), serverSan: [], clock: systemClock };

async function kasbahVerdict({ set, directory }: MadeSet, policies: TemporaryDirectory): Promise<KasbahSaid> {
  const policy = await policyWith(set, policies);
  try {
    const { warnings } = await trySet({ directory }, { ...base, ...policy, hasNodeProxies: false });
    return { warnings };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { warnings: [], refusal: `${error.code} ${error.message}` };
  }
}

async function policyWith({ dnsNames }: CaSet, policies: TemporaryDirectory): Promise<{ policy?: string }> {
  if (dnsNames === undefined) return {};
  const policy = policies.join(`${dnsNames.join("-")}.yaml`);
  const allow = { allow: true, dnsNames, dangerouslyPublicNames: true };
  await writeFile(policy, JSON.stringify({ version: 1, default: allow }));
  return { policy };
}

function checkKasbah({ kasbah: expected }: CaSet, { warnings, refusal }: KasbahSaid): void {
  if ("refuses" in expected) {
    assert.match(refusal ?? "accepted", expected.refuses);
    assert.match(refusal ?? "accepted", /^(PLUGGED_IN_REJECTED|REHEARSAL_FAILED) /);
    assert.ok(refusal?.includes(expected.names), `${refusal} does not name ${expected.names}`);
    return;
  }
  assert.equal(refusal, undefined);
  const names = warnings.map((warning) => warning.split(":", 1)[0]);
  assert.deepEqual(names, "warns" in expected ? expected.warns : []);
}
