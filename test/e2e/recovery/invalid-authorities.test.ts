import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import type { DevTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../../harness/ca-process.ts";
import { currentKasbah } from "../../harness/kasbah-command.ts";
import { createPastCa } from "../../harness/past-ca.ts";
import { Pod } from "../../harness/pod.ts";
import { mintDemoToken, saveIssuer } from "../../harness/token-issuer.ts";
import { CompanyPki, writeSet } from "../../harness/way-out/plugged-in-sets.ts";

/** One real process for each situation of docs/recover.md; the walk covers every state. */
describe("A CA whose authorities are not valid when it starts", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;
  let callers: readonly string[];
  let tokens: DevTokenIssuer;
  let server: CaProcess | undefined;
  let state: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    state = directory.join("ca");
    ({ flags: callers, tokens } = await saveIssuer(directory.join("issuer")));
  });
  afterEach(async () => {
    await server?.kill();
    server = undefined;
    await directory.remove();
  });

  async function start(...flags: string[]): Promise<CaProcess> {
    server = new CaProcess({ stateDir: state, flags: [...callers, "--min-stage", "0s", ...flags] });
    await server.logged("daemon started");
    return server;
  }
  const kasbah = (...argv: string[]) => currentKasbah([...argv, "--state-dir", state]);
  const reasons = async (ca: CaProcess) => (await ca.readiness()).reasons.join("\n");

  it("issues at once if rotations are paused and the intermediate has expired, and records its serving certificate", async () => {
    const past = await createPastCa(state, 400);
    await past.driver.pause();
    const ca = await start();
    await ca.untilReady();
    const { said } = await kasbah("authority", "list");
    assert.match(said, /\nroot-1 +active +yes.*\nintermediate-2 +active +yes/);
    const { serial } = await ca.logged("serving certificate issued");
    await eventually(async () => (await kasbah("audit", "tail")).said.includes("serving    "));
    assert.match((await kasbah("audit", "cert", String(serial))).said, /^serving certificate of the CA\n/);
  });

  it("starts without a gRPC port if the root has expired, and issues after the command that it names", async () => {
    await createPastCa(state, 3700);
    const ca = await start();
    assert.match(
      await reasons(ca),
      /run kasbah authority rotate --root; .*root-invalid[\s\S]*grpc: the port opens/,
    );
    await kasbah("authority", "rotate", "--root");
    await ca.untilReady();
    const known = { address: await ca.grpcAddress(), authority: { rootPem: await ca.rootPem() } };
    await using pod = await Pod.create({ ca: known, token: await mintDemoToken(tokens, "lonely") });
    await pod.start().untilReady();
  });

  it("names resume if a paused rotation could switch to a valid root, and issues after it", async () => {
    const past = await createPastCa(state, 3700);
    await past.pass(200);
    await past.driver.rotate("root");
    await past.driver.pause();
    const ca = await start();
    assert.match(await reasons(ca), /run kasbah authority resume .*successor-paused/);
    await kasbah("authority", "resume");
    await ca.untilReady();
  });

  it("opens its gRPC port as soon as a valid CA is plugged in", async () => {
    const cacerts = directory.join("cacerts");
    await mkdir(cacerts);
    const pki = new CompanyPki();
    const past = new Date(systemClock.now().getTime() - 400 * 86_400_000);
    const expired = await pki.underNewRoot(past);
    await writeSet(cacerts, expired);
    await createPastCa(state, 399, { pluggedInDirectory: cacerts });
    const ca = await start("--root-ca-dir", cacerts);
    assert.match(await reasons(ca), /that --root-ca-dir names .*plugged-in-invalid/);
    await writeSet(cacerts, await pki.under(expired.root, systemClock.now()));
    await ca.untilReady();
    await ca.grpcAddress();
  });

  it("takes effect at the next start if its operator acts while it is stopped", async () => {
    await createPastCa(state, 3700);
    assert.match((await kasbah("authority", "rotate", "--root")).said, /! no CA answers: the state in/);
    const ca = await start();
    await ca.untilReady();
    await eventually(async () => (await kasbah("audit", "tail")).said.includes("rotate accepted"));
    await kasbah("audit", "verify");
  });
});
