import assert from "node:assert/strict";
import { rename, rm, symlink, writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import {
  eventually,
  FakeClock,
  type RecordingLogger,
  recordingLogger,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { servingNames } from "../../config/serving-names.ts";
import { ReservedNames } from "../../issuance/names/reserved-names.ts";
import { openPolicy } from "../../issuance/open-admission.fixture.ts";
import { PolicySource } from "./source.ts";

const { defaultTtlMs, maxTtlMs, ttlCeilingMs, reservedNames } = openPolicy;
const defaultRate = 60;
const open = "version: 1\ndefault: { allow: true }\n";
const closed = "version: 1\ndefault: { allow: false }\n";
const trouble = "invalid policy file; keeping the previous policy";

describe("PolicySource", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;
  let logger: RecordingLogger;
  let source: PolicySource;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("policy.yaml");
    clock = new FakeClock();
    logger = recordingLogger();
    source = new PolicySource({
      path,
      defaultTtlMs,
      maxTtlMs,
      ttlCeilingMs,
      defaultRate,
      reservedNames,
      clock,
      logger,
    });
  });

  afterEach(async () => {
    await source.stop();
    await directory.remove();
  });

  const isAllowed = () => source.current().fallback.allow;

  /** Lets polls pass until the condition holds. Reading a real file takes real time. */
  async function passUntil(holds: () => boolean): Promise<void> {
    await eventually(async () => {
      await clock.runFor(1_000);
      return holds();
    });
  }

  /** Long enough to notice every change. */
  async function passSome(): Promise<void> {
    for (let turn = 0; turn < 40; turn++) {
      await clock.runFor(1_000);
      await delay(2);
    }
  }

  it("allows every identity within the CA's own limits if no file is configured", async () => {
    const without = new PolicySource({
      path: undefined,
      defaultTtlMs,
      maxTtlMs,
      ttlCeilingMs,
      reservedNames,
      defaultRate,
      clock,
      logger,
    });
    await without.start();
    assert.deepEqual(without.current(), { ...openPolicy, defaultRate });
    assert.equal(without.path, undefined);
    await without.stop();
    assert.deepEqual(logger.events, []);
  });

  it("refuses to start if the policy file is missing or invalid", async () => {
    await rejectsWithCode(source.start(), "POLICY_INVALID");
    await writeFile(path, "version: 1\n");
    const error = await rejectsWithCode(source.start(), "POLICY_INVALID");
    assert.match(error.message, /policy\.yaml line 1: default/);
  });

  it("loads the policy of the file with the CA's own limits", async () => {
    await writeFile(path, closed);
    await source.start();
    assert.deepEqual(source.current(), {
      ...openPolicy,
      defaultRate,
      fallback: { ...openPolicy.fallback, allow: false },
    });
    assert.deepEqual(logger.named("policy loaded")[0]?.facts, { path, rules: 0 });
    assert.deepEqual(source.warnings(), []);
  });

  it("keeps a policy that names the CA or is ambiguous, and warns with the rule and the name", async () => {
    const faulty = `version: 1
rules:
  - { name: proxy, allow: true, dnsNames: [istiod.istio-system.svc] }
  - { name: mixed, allow: true, dnsNames: ["{serviceAccount}-{namespace}.internal"] }
default: { allow: false }
`;
    const names = servingNames({ additional: [], ownSpiffeId: undefined });
    await writeFile(path, faulty);
    const limits = { defaultTtlMs, maxTtlMs, ttlCeilingMs, defaultRate };
    const guarded = new PolicySource({
      ...{ path, ...limits, clock, logger },
      reservedNames: ReservedNames.from(names, undefined),
    });
    await guarded.start();
    assert.equal(guarded.current().rules.length, 2);
    const [reserved, ambiguous, ...more] = guarded.warnings();
    assert.match(
      reserved ?? "",
      /^the rule proxy of the policy: DNS_NAME_RESERVED: istiod\.istio-system\.svc is a/,
    );
    assert.match(ambiguous ?? "", /^the rule mixed of the policy: DNS_TEMPLATE_AMBIGUOUS: /);
    assert.equal(more.length, 0);
    assert.equal(logger.named("policy grants doubtful names").length, 2);
    await writeFile(path, open);
    await passUntil(() => guarded.warnings().length === 0);
    await guarded.stop();
  });

  it("reloads the file when it is overwritten or replaced by a rename", async () => {
    await writeFile(path, open);
    await source.start();
    await writeFile(path, closed);
    await passUntil(() => !isAllowed());
    await writeFile(directory.join("new.yaml"), open);
    await rename(directory.join("new.yaml"), path);
    await passUntil(isAllowed);
    // To overwrite a file truncates it first: a look in between is repeated, and loads the same policy once more.
    const loads = logger.named("policy loaded").length;
    assert.ok(loads === 3 || loads === 4, `${loads} loads`);
  });

  it("reloads the file when a symbolic link is swapped, as the kubelet does with a ConfigMap", async () => {
    await writeFile(directory.join("one.yaml"), open);
    await writeFile(directory.join("two.yaml"), closed);
    await symlink("one.yaml", path);
    await source.start();
    await symlink("two.yaml", directory.join("next"));
    await rename(directory.join("next"), path);
    await passUntil(() => !isAllowed());
  });

  it("replaces the policy only when the content of the file changes", async () => {
    await writeFile(path, open);
    await source.start();
    const first = source.current();
    await writeFile(path, open);
    await passSome();
    assert.equal(source.current(), first);
  });

  it("keeps the previous policy when the file becomes invalid, logs it once and warns until it is fixed", async () => {
    await writeFile(path, closed);
    await source.start();
    await writeFile(path, open.replace("true", "maybe"));
    await passUntil(() => source.warnings().length > 0);
    await passSome();
    assert.equal(isAllowed(), false);
    assert.deepEqual(source.warnings(), [
      `the policy file ${path} is invalid; the CA keeps the previous policy`,
    ]);
    const [logged, ...more] = logger.named(trouble);
    assert.equal(more.length, 0);
    assert.equal(logged?.level, "error");
    assert.match(String(logged?.facts["error"]), /line 2: default\.allow/);
    await writeFile(path, open);
    await passUntil(isAllowed);
    assert.deepEqual(source.warnings(), []);
  });

  it("stops warning when the previous content of the file is restored", async () => {
    await writeFile(path, closed);
    await source.start();
    await writeFile(path, "{{{");
    await passUntil(() => source.warnings().length > 0);
    await writeFile(path, closed);
    await passUntil(() => source.warnings().length === 0);
    assert.equal(isAllowed(), false);
  });

  it("keeps the policy when the file is deleted, and reloads it when the file returns", async () => {
    await writeFile(path, closed);
    await source.start();
    await rm(path);
    await passUntil(() => source.warnings().length > 0);
    assert.equal(isAllowed(), false);
    await writeFile(path, open);
    await passUntil(isAllowed);
    assert.deepEqual(source.warnings(), []);
  });
});
