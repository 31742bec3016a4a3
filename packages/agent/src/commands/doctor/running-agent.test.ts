import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  mintSecret,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import type { DoctorReport } from "../../doctor/report.ts";
import { runAgentCommand } from "../run-command.ts";

const serial = "0123456789abcdef";

describe("kasbah-agent doctor, with the answers of a running agent and of Envoy", () => {
  let directory: TemporaryDirectory;
  let servers: Server[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    servers = [];
  });
  afterEach(async () => {
    for (const server of servers) server.close();
    await directory.remove();
  });

  /** An HTTP server that answers each path with this JSON or text. */
  async function serve(pages: Readonly<Record<string, object | string>>): Promise<string> {
    const server = createServer(({ url = "" }, reply) => {
      const page = pages[url];
      reply.statusCode = page === undefined ? 404 : 200;
      reply.end(typeof page === "string" ? page : JSON.stringify(page ?? {}));
    });
    servers.push(server);
    await once(server.listen(0, "127.0.0.1"), "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    return `127.0.0.1:${bound.port}`;
  }

  interface Answers {
    readonly page?: object;
    readonly active?: object | string;
    readonly warming?: object;
    readonly flags?: readonly string[];
  }

  const ready = {
    version: "0.1.0",
    ready: true,
    state: "ready",
    certificate: {
      spiffeId: "spiffe://cluster.local/ns/demo/sa/web",
      serial,
      notAfter: "2040-01-01T00:00:00.000Z",
    },
  };

  async function examine({ page = {}, active, warming, flags = [] }: Answers, isColoured = false) {
    const status = await serve({ "/debug/secrets": { ...ready, ...page } });
    const admin = await serve({
      ...(active === undefined ? {} : { "/config_dump?resource=dynamic_active_secrets": active }),
      ...(warming === undefined ? {} : { "/config_dump?resource=dynamic_warming_secrets": warming }),
    });
    let out = "";
    await runAgentCommand({
      argv: [
        "doctor",
        ...[
          "--ca-address",
          "127.0.0.1:1",
          "--ca-root",
          directory.join("root"),
          "--token-file",
          directory.join("token"),
        ],
        ...[
          "--sds-socket",
          directory.join("sds"),
          "--status-address",
          status,
          "--envoy-admin",
          admin,
          ...flags,
        ],
      ],
      env: {},
      readFile: () => assert.fail("no file is named"),
      write: (text) => {
        out += text;
      },
      writeError: (text) => assert.fail(text),
      isColoured,
      clock: systemClock,
      roll: () => 0.5,
    });
    return out;
  }

  async function findings(answers: Answers, area: string) {
    const report: DoctorReport = JSON.parse(
      await examine({ ...answers, flags: ["--json", ...(answers.flags ?? [])] }),
    );
    return report.findings.filter((one) => one.area === area);
  }

  const secret = (name: string, more: object) => ({ configs: [{ name, version_info: "1", ...more }] });

  it("reports the NACK of an SDS client with the client's reason, escaped", async () => {
    const client = {
      node: "envoy-7",
      resources: [{ name: "default", state: "refused", version: "1" }],
      lastNack: { names: ["default"], complaint: "bad key \u001b[2J", at: "2030-01-01T00:00:00Z" },
    };
    const [found] = await findings({ page: { sds: { clients: [client] } } }, "envoy");
    assert.equal(found?.code, "SECRET_REJECTED");
    assert.match(found.what, /client envoy-7 rejected default \(NACK\): bad key \\u001b\[2J/);
  });

  it("forgets a NACK after which the client accepted a later version", async () => {
    const client = {
      node: "envoy-7",
      resources: [{ name: "default", state: "accepted", version: "2" }],
      lastNack: { names: ["default"], complaint: "bad key", at: "2030-01-01T00:00:00Z" },
    };
    assert.deepEqual(await findings({ page: { sds: { clients: [client] } } }, "envoy"), []);
  });

  it("reports what Envoy's admin interface says: rejected, waiting, older, expired", async () => {
    const authority = await createTestAuthority("Mesh");
    const minted = await mintSecret({
      authority,
      receivedAt: new Date("2020-01-01T00:00:00Z"),
      ttlMs: 60_000,
    });
    const bytes = Buffer.from(minted.leaf.toPem()).toString("base64");
    const expired = { secret: { tls_certificate: { certificate_chain: { inline_bytes: bytes } } } };
    const code = async (answers: Answers) => (await findings(answers, "envoy")).map((one) => one.code).join();
    const details = "Failed to load private key";
    assert.equal(await code({ active: secret("default", { error_state: { details } }) }), "SECRET_REJECTED");
    assert.equal(await code({ active: {}, warming: secret("ROOTCA", {}) }), "ENVOY_NO_SECRET");
    assert.equal(await code({ active: secret("default", expired) }), "ENVOY_OLD_CERTIFICATE");
    const page = { certificate: { ...ready.certificate, serial: minted.leaf.serial } };
    assert.equal(await code({ page, active: secret("default", expired) }), "ENVOY_CERTIFICATE_EXPIRED");
  });

  it("says that Envoy was not examined if its admin interface answers nothing that it can use", async () => {
    for (const active of [
      "",
      "[",
      "{}",
      '{"configs":[null,7,{"name":"a"},{"name":"file-cert:x"}]}',
      "[".repeat(100_000),
    ]) {
      assert.deepEqual(await findings({ active }, "envoy"), []);
      assert.match(await examine({ active }), /-- {2}envoy: Envoy/);
    }
    assert.match(await examine({}), /Envoy was not examined: .*\n.*HTTP status 404/);
  });

  it("reports the clock that the agent measured, a reply that is not valid now, and its warnings", async () => {
    const clock = await findings({ page: { ca: { clockOffsetMs: -3_600_000 } } }, "clock");
    assert.match(clock[0]?.what ?? "", /local clock is 1 h ahead of the CA's, by the last certificate/);
    const lastFailure = {
      code: "CA_REPLY_INVALID",
      message: "leaf expired 9 s ago",
      replyFault: "expired",
      failures: 2,
    };
    const [late] = await findings({ page: { lastFailure } }, "clock");
    assert.equal(late?.code, "CLOCK_AHEAD");
    const [warned] = await findings(
      { page: { warnings: ["the application has not loaded the certificate"] } },
      "files",
    );
    assert.equal(warned?.code, "AGENT_WARNING");
  });

  it("accepts an expired token if the agent has renewed with its own certificate since, as machines do", async () => {
    const now = new Date(systemClock.now().getTime() - 2 * 3_600_000);
    const issuer = await createTokenIssuer({ issuer: "https://issuer.test" });
    const order = { namespace: "demo", serviceAccount: "web", lifetimeMs: 3_600_000, now };
    await writeFile(directory.join("token"), await issuer.mint(order));
    const received = (agoMs: number, more = {}) => {
      const receivedAt = new Date(systemClock.now().getTime() - agoMs).toISOString();
      return { page: { certificate: { ...ready.certificate, receivedAt }, ...more } };
    };
    const levels = async (answers: Answers) =>
      (await findings(answers, "token")).map(({ level, code }) => `${level} ${code}`);
    assert.deepEqual(await levels(received(60_000)), []);
    assert.deepEqual(await levels(received(90 * 60_000)), ["warning TOKEN_EXPIRED"]);
    assert.deepEqual(await levels({ ...received(60_000), flags: ["--token-only"] }), [
      "critical TOKEN_EXPIRED",
    ]);
    const lastFailure = { code: "CA_REFUSED", message: "no" };
    assert.deepEqual(await levels(received(60_000, { lastFailure })), ["warning TOKEN_EXPIRED"]);
  });

  it("compares output files with the served certificate", async () => {
    const authority = await createTestAuthority("Mesh");
    const receivedAt = new Date(Math.floor(systemClock.now().getTime() / 1_000) * 1_000);
    const minted = await mintSecret({ authority, receivedAt, ttlMs: 3_600_000 });
    const flags = ["--output-certs", directory.path];
    const code = async (page = {}) =>
      (await findings({ flags, page }, "files")).map((one) => one.code).join();
    assert.equal(await code(), "FILES_UNREADABLE");
    await writeFile(directory.join("cert-chain.pem"), "hello");
    assert.equal(await code(), "FILES_INVALID");
    await writeFile(directory.join("cert-chain.pem"), minted.leaf.toPem());
    assert.equal(await code(), "FILES_OLD");
    assert.equal(await code({ certificate: { ...ready.certificate, serial: minted.leaf.serial } }), "");
  });

  it("lowers a past failure to reach the CA to nothing while the cause is found again, and colours a terminal", async () => {
    const lastFailure = { code: "CA_UNREACHABLE", message: "connect ECONNREFUSED", failures: 3 };
    const text = await examine({ page: { lastFailure } }, true);
    assert.ok(text.includes("\u001b[31mBROKEN\u001b[0m root: ROOTS_UNREADABLE"), text);
    assert.ok(text.includes("\u001b[33mWARNING\u001b[0m token: TOKEN_UNREADABLE"), text);
    assert.ok(!text.includes("CA_UNREACHABLE"));
  });
});
