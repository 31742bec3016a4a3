import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttp } from "node:http";
import { createServer, type Server } from "node:net";
import { createTokenIssuer, type DevTokenIssuer } from "@kasbah/certs-dev";
import { encodeStatusDetails } from "@kasbah/protocol/workload";
import { type Clock, formatHostPort, systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  type FakeCa,
  FakeRefusal,
  ProxyServer,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { DoctorFinding, DoctorReport } from "../../doctor/report.ts";
import { runAgentCommand } from "../run-command.ts";

const hourMs = 3_600_000;
const issuerName = "https://issuer.test";

describe("kasbah-agent doctor, without a running agent", () => {
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let issuer: DevTokenIssuer;
  let closers: (() => unknown)[];

  before(async () => {
    issuer = await createTokenIssuer({ issuer: issuerName });
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    closers = [];
    ca = await startFakeCa({ now: () => systemClock.now() });
    await writeFile(directory.join("root.pem"), ca.authority.rootPem);
    await writeToken({});
  });
  afterEach(async () => {
    for (const close of closers) await close();
    await ca.close();
    await directory.remove();
  });

  const writeToken = async (changes: object) => {
    const now = systemClock.now();
    const claims = { namespace: "demo", serviceAccount: "web", lifetimeMs: hourMs, now };
    await writeFile(directory.join("token"), await issuer.mint({ ...claims, ...changes }));
  };

  type Flags = Readonly<Record<string, string | true | readonly string[]>>;

  interface Run {
    readonly code: number;
    readonly out: string;
    readonly err: string;
  }

  async function run(flags: Flags = {}, clock: Clock = systemClock): Promise<Run> {
    const own = {
      "--ca-address": formatHostPort(ca.address),
      "--ca-root": directory.join("root.pem"),
      "--token-file": directory.join("token"),
      "--sds-socket": directory.join("sds"),
      "--status-address": "127.0.0.1:1",
      "--envoy-admin": "127.0.0.1:1",
    };
    const given: Flags = { ...own, ...flags };
    const argv = Object.entries(given).flatMap(([flag, values]) =>
      values === true ? [flag] : [values].flat().flatMap((value) => [flag, value]),
    );
    let [out, err] = ["", ""];
    const code = await runAgentCommand({
      argv: ["doctor", ...argv],
      env: {},
      readFile: () => assert.fail("no file is named"),
      write: (text) => {
        out += text;
      },
      writeError: (text) => {
        err += text;
      },
      clock,
      roll: () => 0.5,
    });
    return { code, out, err };
  }

  async function report(flags: Parameters<typeof run>[0] = {}, clock?: Clock): Promise<DoctorReport> {
    const { out, err } = await run({ ...flags, "--json": true }, clock);
    assert.equal(err, "");
    return JSON.parse(out);
  }

  /** The finding with this code; every run here has AGENT_NOT_RUNNING besides. */
  async function finding(
    code: string,
    flags?: Parameters<typeof run>[0],
    clock?: Clock,
  ): Promise<DoctorFinding> {
    const { findings } = await report(flags, clock);
    const codes = findings.map((one) => one.code).filter((one) => one !== "AGENT_NOT_RUNNING");
    assert.deepEqual(codes, [code]);
    const found = findings.find((one) => one.code === code);
    assert.ok(found !== undefined && found.what !== "" && found.fix !== "");
    return found;
  }

  async function listening(server: Server): Promise<string> {
    await once(server.listen(0, "127.0.0.1"), "listening");
    closers.push(() => server.close());
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    return `127.0.0.1:${bound.port}`;
  }

  const refuse = (code: string, message: string, fix?: string) => {
    const metadata = { referenceId: "9f2c51d07ab4", ...(fix === undefined ? {} : { fix }) };
    const errorInfo = { reason: code, domain: "kasbah", metadata };
    const details = encodeStatusDetails({ code: 7, message, errorInfo });
    ca.answer = () => {
      throw new FakeRefusal({ code: 7, message: `${code}: ${message}`, details });
    };
  };

  it("requests a certificate, and says that only the agent is missing", async () => {
    const { code, out } = await run();
    assert.equal(code, 4);
    assert.match(out, /^kasbah-agent doctor: 1 broken; 5 checks passed\n/);
    assert.match(out, /BROKEN socket: AGENT_NOT_RUNNING/);
    assert.match(out, /issued a\s+certificate for\s+spiffe:\/\/cluster\.local\/ns\/demo\/sa\/web/);
    assert.match(out, /audience\s+istio-ca,\s+issuer\s+https:\/\/issuer\.test/);
    assert.equal(ca.calls.length, 1);
    assert.deepEqual(
      out.split("\n").filter((line) => line.length > 80),
      [],
    );
  });

  it("prints no token, key or PEM, in text and in JSON", async () => {
    const token = await readFile(directory.join("token"), "utf8");
    for (const flags of [{}, { "--json": true }] as const) {
      const { out } = await run(flags);
      assert.ok(!out.includes(token.slice(0, 20)) && !/eyJ|BEGIN|PRIVATE/.test(out), out);
    }
  });

  describe("the token", () => {
    it("is missing, empty, not a JWT, or of another kind of file", async () => {
      await rm(directory.join("token"));
      assert.match((await finding("TOKEN_UNREADABLE")).what, /does not exist \(ENOENT\)/);
      await writeFile(directory.join("token"), "\n");
      await finding("TOKEN_EMPTY");
      await writeFile(directory.join("token"), "two\nlines");
      await finding("TOKEN_UNREADABLE");
      await rm(directory.join("token"));
      await mkdir(directory.join("token"));
      assert.match((await finding("TOKEN_UNREADABLE")).what, /directory \(EISDIR\)/);
      assert.equal(ca.calls.length, 0);
    });

    it("is expired, or soon without a replacement by the kubelet", async () => {
      const now = new Date(systemClock.now().getTime() - 3 * hourMs);
      await writeToken({ now });
      assert.match((await finding("TOKEN_EXPIRED")).what, /expired 2 h ago \(20.* UTC\)/);
      await writeToken({ now, lifetimeMs: 3 * hourMs + 60_000 });
      assert.match((await finding("TOKEN_EXPIRING")).what, /expires in \d+ s/);
      assert.equal(ca.calls.length, 1);
    });

    it("belongs to another service account than the agent's settings", async () => {
      const { what, fix } = await finding("TOKEN_OTHER_ACCOUNT", { "--service-account": "api" });
      assert.match(what, /service account demo\/web, but the agent is configured for demo\/api/);
      assert.match(fix, /mount the token of demo\/api/);
    });

    it("has another audience than the CA expects: names it, and the place to change", async () => {
      await writeToken({ audience: ["vault", "\u001b[31m"] });
      refuse("TOKEN_AUDIENCE", "the token is for another audience");
      const { area, what, fix } = await finding("TOKEN_AUDIENCE");
      assert.equal(area, "token");
      assert.match(what, /the token has audience vault, /);
      assert.match(fix, /serviceAccountToken\.audience must be .*istio-ca.*kasbah why 9f2c51d07ab4/);
      assert.ok(!(await run()).out.includes("\u001b"));
    });

    it("comes from another cluster: names its issuer", async () => {
      for (const code of ["TOKEN_REJECTED", "TOKEN_ISSUER"]) {
        refuse(code, "the token's signature does not verify", "send a service account token");
        const { what, fix } = await finding(code);
        assert.match(what, /the token's issuer is https:\/\/issuer\.test/);
        assert.match(fix, /^mount a token of the CA's own cluster/);
      }
    });
  });

  describe("the root file", () => {
    it("is missing or contains no certificate", async () => {
      await rm(directory.join("root.pem"));
      assert.match((await finding("ROOTS_UNREADABLE")).what, /root\.pem: it does not exist/);
      await writeFile(directory.join("root.pem"), "hello");
      await finding("ROOTS_UNREADABLE");
    });

    it("is old: names the fingerprint that it holds and what the CA's chain needs", async () => {
      const old = await createTestAuthority("Old root");
      await writeFile(directory.join("root.pem"), old.rootPem);
      const { area, what, fix } = await finding("CA_NOT_TRUSTED");
      assert.equal(area, "root");
      assert.ok(what.includes(`O=Old root" (SHA-256 ${old.certificate.fingerprint})`), what);
      const needed = `its chain ends in the root "O=Test" (SHA-256 ${ca.authority.certificate.fingerprint})`;
      assert.ok(what.includes(needed), what);
      assert.match(fix, /replace .*root\.pem by its roots/);
      assert.equal(ca.calls.length, 0);
    });

    it("has expired", async () => {
      const late = new Date(ca.authority.certificate.notAfter.getTime() + hourMs);
      const { findings } = await report({}, { ...systemClock, now: () => late });
      const { what } = findings.find(({ code }) => code === "ROOT_EXPIRED") ?? assert.fail();
      assert.match(what, /every root in .*root\.pem has expired/);
    });
  });

  describe("the CA", () => {
    it("refuses connections, has no address, or does not answer", async () => {
      await finding("CA_CONNECTION_REFUSED", { "--ca-address": "127.0.0.1:1" });
      const { fix } = await finding("CA_NAME_UNRESOLVED", { "--ca-address": "ca.invalid:15012" });
      assert.match(fix, /DNS/);
    });

    it("is another server: without TLS, without HTTP/2, or without gRPC", async () => {
      const plain = createHttp((_, reply) => reply.end("hello"));
      await finding("CA_OTHER_SERVER", { "--ca-address": await listening(plain) });
      const closing = createServer((socket) => socket.destroy());
      await finding("CA_CONNECTION_LOST", { "--ca-address": await listening(closing) });
    });

    it("has a certificate for another name, which it lists", async () => {
      await ca.close();
      ca = await startFakeCa({
        now: () => systemClock.now(),
        authority: ca.authority,
        servingNames: ["istiod.istio-system.svc"],
      });
      const { what, fix } = await finding("CA_NAME_MISMATCH");
      assert.match(what, /DNS:istiod\.istio-system\.svc.*not for 127\.0\.0\.1/);
      assert.match(fix, /--ca-server-name/);
    });

    it("has another SPIFFE ID than the expected one", async () => {
      const { what } = await finding("CA_IDENTITY_MISMATCH", {
        "--ca-spiffe-id": "spiffe://cluster.local/ns/kasbah-system/sa/kasbah",
      });
      assert.match(what, /expected spiffe:.*seen no SPIFFE ID/);
    });

    it("is behind a proxy that does not answer: names the proxy without its password", async () => {
      const proxy = "http://user:hunter2@127.0.0.1:1";
      const { what, fix } = await finding("CA_PROXY_FAILED", { "--ca-proxy": proxy });
      assert.match(what, /proxy .*127\.0\.0\.1:1/);
      assert.match(fix, /--ca-no-proxy/);
      assert.ok(!what.includes("hunter2"));
    });

    it("is reached through a proxy that works", async () => {
      const proxy = await ProxyServer.start();
      closers.push(() => proxy[Symbol.asyncDispose]());
      const { findings } = await report({ "--ca-proxy": String(proxy.url) });
      assert.deepEqual(
        findings.map(({ code }) => code),
        ["AGENT_NOT_RUNNING"],
      );
    });

    it("is one of several, and another one answers: a warning only", async () => {
      const { level } = await finding("CA_CONNECTION_REFUSED", {
        "--ca-address": [formatHostPort(ca.address), "127.0.0.1:1"],
      });
      assert.equal(level, "warning");
    });

    it("refuses this identity by policy, or limits its rate: prints the CA's reason and fix", async () => {
      refuse(
        "IDENTITY_NOT_ALLOWED",
        "the policy refuses demo/web, by the rule guests",
        "change the rule guests",
      );
      const denied = await finding("IDENTITY_NOT_ALLOWED");
      assert.match(denied.what, /by the rule guests/);
      assert.match(denied.fix, /^change the rule guests; at the CA: kasbah why 9f2c51d07ab4/);
      refuse("RATE_LIMITED", "too many requests of demo/web", "try again in 27 s");
      assert.match((await finding("RATE_LIMITED")).fix, /^try again in 27 s/);
    });

    it("sends an odd refusal: control characters are escaped, and no token is repeated", async () => {
      const token = (await readFile(directory.join("token"), "utf8")).trim();
      refuse("IDENTITY_NOT_ALLOWED", `\u001b[2J ${token}`, `\u202e${token}`);
      const { out } = await run();
      assert.ok(!out.includes("\u001b") && !out.includes("\u202e") && !out.includes(token.slice(0, 30)));
    });
  });

  describe("the clock", () => {
    for (const [code, offsetMs, said] of [
      ["CLOCK_AHEAD", 600_000, /local clock is 10 min ahead of the CA's, by the time that the CA sends/],
      ["CLOCK_BEHIND", -600_000, /local clock is (10|9) min behind the CA's/],
    ] as const) {
      it(`is ${code === "CLOCK_AHEAD" ? "ahead of" : "behind"} the CA's: says how much`, async () => {
        await writeToken({ now: new Date(systemClock.now().getTime() - hourMs), lifetimeMs: 24 * hourMs });
        const clock = { ...systemClock, now: () => new Date(systemClock.now().getTime() + offsetMs) };
        const { area, what, fix, level } = await finding(code, {}, clock);
        assert.deepEqual([area, level], ["clock", "critical"]);
        assert.match(what, said);
        assert.match(fix, /^set the local clock/);
      });
    }

    it("is behind the time at which the token was issued", async () => {
      await writeToken({ now: new Date(systemClock.now().getTime() + hourMs) });
      assert.match((await finding("CLOCK_BEHIND")).what, /issued at .*ahead of the local clock/);
    });
  });

  describe("the socket", () => {
    it("is a file, a socket without a process, or served by another program", async () => {
      await writeFile(directory.join("sds"), "");
      assert.match((await report()).findings.map(({ code }) => code).join(), /SOCKET_INVALID/);
      await rm(directory.join("sds"));
      const other = createServer((socket) => {
        socket.on("error", () => undefined).end("HTTP/1.1 400 no\r\n\r\n");
      });
      await once(other.listen(directory.join("sds")), "listening");
      closers.push(() => other.close());
      assert.match((await report()).findings.map(({ code }) => code).join(), /SOCKET_OTHER_SERVER/);
    });
  });
});
