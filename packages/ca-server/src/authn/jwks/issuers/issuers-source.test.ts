import assert from "node:assert/strict";
import { rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { parseSpiffeId, parseTrustDomain } from "@kasbah/pki";
import {
  eventually,
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
  throwsWithCode,
} from "@kasbah/testkit";
import type { Caller } from "../../../issuance/ports.ts";
import { AddressRules } from "../../../outbound/address-rules.ts";
import { readBearerToken } from "../../bearer-token.ts";
import { keySetReader } from "../key-set-reader.ts";
import { JwksTokenAuthenticator } from "../token.ts";
import { TokenIssuerSet } from "./issuer-set.ts";
import { IssuersSource } from "./issuers-source.ts";

const [prod, dev] = ["https://prod.test", "https://dev.test"] as const;
const trustDomain = parseTrustDomain("cluster.local");

describe("IssuersSource", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;
  let logger: RecordingLogger;
  let minters: Map<string, DevTokenIssuer>;
  let reads: string[];
  let set: TokenIssuerSet;
  let source: IssuersSource;
  let authenticator: JwksTokenAuthenticator;

  before(async () => {
    directory = await temporaryDirectory();
    minters = new Map();
    for (const issuer of [prod, dev]) {
      const minter = await createTokenIssuer({ issuer });
      minters.set(issuer, minter);
      await writeFile(keysOf(issuer), JSON.stringify(minter.jwks()));
    }
  });

  beforeEach(() => {
    path = directory.join("issuers.yaml");
    [clock, logger, reads] = [new FakeClock(), recordingLogger(), []];
    source = sourceWith(true);
  });

  afterEach(() => source.stop());
  after(() => directory.remove());

  const keysOf = (issuer: string) => directory.join(`${new URL(issuer).hostname}.json`);

  function sourceWith(needsIssuer: boolean): IssuersSource {
    const reading = {
      addressRules: new AddressRules([]),
      proxyEnvironment: {},
      proxySetting: { kind: "none" as const },
    };
    set = new TokenIssuerSet({
      ...{ trustDomain, clock, logger },
      readerOf: (configured) => {
        reads.push(configured.issuer);
        return keySetReader(configured, reading);
      },
    });
    const live = set;
    authenticator = new JwksTokenAuthenticator({
      get issuers() {
        return live.issuers;
      },
      get elsewhere() {
        return live.elsewhere;
      },
      ...{ trustDomain, clock },
    });
    return new IssuersSource({
      ...{ path, fixed: [], set, clock, logger },
      needs: { trustDomain, needsIssuer, issuerOfFlag: undefined },
    });
  }

  async function write(...issuers: string[]): Promise<void> {
    const text = `version: 1\nissuers: [${issuers.join(", ")}]\n`;
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  }

  const entry = (issuer: string, rest = "") =>
    `{ issuer: "${issuer}", jwks: ${keysOf(issuer)}, audiences: [istio-ca]${rest} }`;

  async function begin(...issuers: string[]): Promise<void> {
    await write(...issuers);
    await source.load();
    await source.start();
  }

  async function present(issuer: string, namespace = "demo"): Promise<Caller> {
    const order = { namespace, serviceAccount: "api", now: clock.now() };
    const text = await minters.get(issuer)?.mint(order);
    const token = readBearerToken({ authorization: [`Bearer ${text}`], peerCertificates: [] });
    const caller = await authenticator.authenticate(token ?? assert.fail("no token"));
    set.check(caller, caller.spiffeId);
    return caller;
  }

  /** Lets polls pass until the condition holds. Reading a real file takes real time. */
  async function passUntil(holds: () => boolean): Promise<void> {
    await eventually(async () => {
      await clock.runFor(1_000);
      return holds();
    });
  }

  async function passSome(): Promise<void> {
    for (let turn = 0; turn < 40; turn++) {
      await clock.runFor(1_000);
      await delay(2);
    }
  }

  const names = () => set.issuers.map(({ issuer }) => issuer);

  it("refuses a token of an issuer that was removed from the file, and serves an added one, without a restart", async () => {
    await begin(entry(prod), entry(dev));
    await present(dev);
    await write(entry(prod));
    await passUntil(() => names().length === 1);
    await rejectsWithCode(present(dev), "TOKEN_REJECTED");
    await present(prod);
    await write(entry(prod), entry(dev));
    await passUntil(() => set.unusable().length === 0 && names().length === 2);
    await present(dev);
    assert.deepEqual(reads, [prod, dev, dev], "the keys of an unchanged issuer stay in use");
  });

  it("refuses a caller that was authenticated before its issuer was removed", async () => {
    await begin(entry(prod), entry(dev));
    const caller = await present(dev);
    await write(entry(prod));
    await passUntil(() => names().length === 1);
    throwsWithCode(() => set.check(caller, caller.spiffeId), "TOKEN_ISSUER");
  });

  it("refuses a token whose issuer is removed while its unknown key is looked up", async () => {
    await begin(entry(prod), entry(dev));
    const stranger = await createTokenIssuer({ issuer: dev });
    const order = { namespace: "demo", serviceAccount: "api", now: clock.now() };
    const text = await stranger.mint(order);
    const token = readBearerToken({ authorization: [`Bearer ${text}`], peerCertificates: [] });
    await writeFile(keysOf(dev), JSON.stringify(stranger.jwks()));
    const pending = authenticator.authenticate(token ?? assert.fail("no token"));
    void set.replace([]);
    await rejectsWithCode(pending, "TOKEN_REJECTED");
    await writeFile(keysOf(dev), JSON.stringify(minters.get(dev)?.jwks()));
  });

  it("obeys an operator who removes the last issuer of a running CA, with a warning", async () => {
    await begin(entry(dev));
    await write();
    await passUntil(() => names().length === 0);
    await rejectsWithCode(present(dev), "TOKEN_REJECTED");
    assert.match(source.warnings().join(), /lists none, so the CA cannot authenticate any token$/);
  });

  it("keeps the previous issuers if the file becomes invalid or disappears, with a warning until it is valid", async () => {
    await begin(entry(prod), entry(dev));
    for (const spoil of [
      () => writeFile(path, "version: 1\nissuers: [{}]\n"),
      () => writeFile(path, ""),
      () => write(entry(prod, ", trustDomains: [other.test]")),
      () => rm(path),
    ]) {
      await spoil();
      await passUntil(() => source.warnings().length > 0);
      assert.match(source.warnings().join(), /is invalid; the CA keeps the previous issuers$/);
      await present(dev);
      await write(entry(prod), entry(dev));
      await passUntil(() => source.warnings().length === 0);
    }
    const troubles = logger.named("invalid file of token issuers; keeping the previous issuers");
    assert.equal(troubles.length, 4);
    assert.equal(troubles[0]?.level, "error");
  });

  it("applies a new scope to the next call, and keeps the keys", async () => {
    await begin(entry(prod), entry(dev));
    await present(dev, "payments");
    await write(entry(prod), entry(dev, ", namespaces: [dev-*]"));
    await passUntil(() => logger.named("token issuers loaded").length === 2);
    const { message } = await rejectsWithCode(present(dev, "payments"), "OUTSIDE_ISSUER_SCOPE");
    assert.match(
      message,
      /issuer "https:\/\/dev\.test".*\[dev-\*\].*seen spiffe:\/\/cluster\.local\/ns\/payments\/sa\/api: use/,
    );
    await present(dev, "dev-1");
    await present(prod, "payments");
    assert.deepEqual(reads, [prod, dev]);
  });

  it("loads keys again if their location changes", async () => {
    await begin(entry(prod), entry(dev));
    await write(entry(prod), entry(dev).replace(keysOf(dev), keysOf(prod)));
    await passUntil(() => reads.length === 3 && set.unusable().length === 0);
    await rejectsWithCode(present(dev), "TOKEN_REJECTED");
  });

  it("logs the issuers without a scope beside others, and none for a single issuer", async () => {
    await begin(entry(prod), entry(dev, ", serviceAccounts: [api]"));
    assert.deepEqual(logger.named("token issuers loaded")[0]?.facts, {
      path,
      issuers: 2,
      withoutScope: [prod],
    });
    await write(entry(dev));
    await passUntil(() => names().length === 1);
    await passSome();
    assert.deepEqual(logger.named("token issuers loaded").at(-1)?.facts, { path, issuers: 1 });
    assert.deepEqual(source.warnings(), []);
  });

  it("refuses to start on a file without an issuer for its trust domain, or without any if tokens need one", async () => {
    await write(entry(prod, ", trustDomains: [other.test]"));
    await rejectsWithCode(source.load(), "TOKEN_ISSUERS_INVALID");
    await write();
    await rejectsWithCode(source.load(), "TOKEN_ISSUERS_INVALID");
    source = sourceWith(false);
    await source.load();
    assert.deepEqual(source.warnings(), []);
  });

  it("refuses a token of an issuer for other trust domains before anything of it is verified", async () => {
    await begin(entry(prod), entry(dev, ", trustDomains: [other.test, third.test]"));
    assert.deepEqual([names(), set.elsewhere, reads], [[prod], [dev], [prod]]);
    const { message } = await rejectsWithCode(present(dev), "TOKEN_ISSUER");
    assert.match(
      message,
      /for other trust domains only, expected an issuer for the trust domain cluster\.local: call/,
    );
    assert.doesNotMatch(message, /other\.test|dev\.test/);
  });

  it("warns if issuers with different scopes share a key, under any key id", async () => {
    const shared = {
      keys: (minters.get(prod)?.jwks().keys ?? []).map((key) => ({ ...key, kid: "renamed" })),
    };
    await writeFile(directory.join("shared.json"), JSON.stringify(shared));
    const copy = (rest: string) => entry(dev, rest).replace(keysOf(dev), directory.join("shared.json"));
    await begin(entry(prod, ", namespaces: [shop]"), copy(", namespaces: [dev]"));
    assert.match(
      set.sharedKeys().join(),
      /prod\.test and https:\/\/dev\.test share a key, so their scopes do not separate them/,
    );
    await write(entry(prod, ", namespaces: [shop]"), copy(", namespaces: [shop]"));
    await passUntil(() => set.sharedKeys().length === 0);
  });

  it("limits the subject of a request as well as its caller", async () => {
    await begin(entry(dev, ", namespaces: [dev-*, istio-system], serviceAccounts: [ztunnel, web]"));
    const proxy = await authenticator.authenticate(
      readBearerToken({
        authorization: [
          `Bearer ${await minters.get(dev)?.mint({ namespace: "istio-system", serviceAccount: "ztunnel", now: clock.now() })}`,
        ],
        peerCertificates: [],
      }) ?? assert.fail("no token"),
    );
    const check = (id: string) => set.check(proxy, parseSpiffeId(`spiffe://cluster.local/${id}`));
    check("ns/dev-1/sa/web");
    throwsWithCode(() => check("ns/payments/sa/web"), "OUTSIDE_ISSUER_SCOPE");
    throwsWithCode(() => check("ns/dev-1/sa/api"), "OUTSIDE_ISSUER_SCOPE");
    throwsWithCode(() => check("ns/dev-/sa/web-2"), "OUTSIDE_ISSUER_SCOPE");
  });
});
