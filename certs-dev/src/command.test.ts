import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { runCommand } from "./command.ts";

describe("certs-dev", () => {
  let directory: string;
  const run = (...argv: string[]) =>
    runCommand(argv, { defaultDirectory: join(directory, "out"), now: new Date("2026-11-20T12:00:00Z") });

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "kasbah-certs-dev-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("rejects unknown flags, unknown commands and a lifetime without a unit as usage errors", async () => {
    await assert.rejects(run("issuer", "--force"), { code: "USAGE" });
    await assert.rejects(run("root"), { code: "USAGE" });
    await run("issuer");
    const who = ["--namespace", "demo", "--service-account", "frontend"];
    await assert.rejects(run("token", ...who, "--lifetime", "60"), { code: "USAGE" });
  });

  it("prints its help when it is called without arguments", async () => {
    assert.match(await run(), /certs-dev token .*--namespace/);
  });

  it("creates an issuer and a workload token with the requested audience and lifetime", async () => {
    await run("issuer");
    const who = ["--namespace", "demo", "--service-account", "frontend"];
    const token = await run("token", ...who, "--audience", "other", "--lifetime", "15m");
    const claims = decodeJwt(token.trim());
    assert.equal(claims.sub, "system:serviceaccount:demo:frontend");
    assert.deepEqual(claims.aud, ["other"]);
    assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 900);
  });

  it("writes a token file that only its owner can read", async () => {
    await run("issuer");
    const out = join(directory, "frontend.token");
    await run("token", "--namespace", "demo", "--service-account", "frontend", "--out", out);
    assert.equal((await stat(out)).mode & 0o777, 0o600);
    assert.equal((await readFile(out, "utf8")).split(".").length, 3);
  });
});
