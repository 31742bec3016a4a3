import assert from "node:assert/strict";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { gunzipSync } from "node:zlib";
import { rejectsWithCode, temporaryDirectory } from "@kasbah/testkit";
import { CliError } from "../errors.ts";
import { fakeAnswers, startConsole } from "./console-run.fixture.ts";
import { loadAssets } from "./server/assets.ts";
import { serveConsole } from "./server/serve-console.ts";

const data = ["/api/status", "/api/identities", "/api/rotation", "/api/refusals?since=1h"];

describe("kasbah console", () => {
  it("answers no question without the cookie, and none after a wrong or a used link", async () => {
    const asked: string[] = [];
    await using tested = await startConsole(fakeAnswers(asked));
    for (const path of data) {
      const { status, code } = await tested.visit({ path });
      assert.deepEqual([status, code], [401, "CONSOLE_SESSION_MISSING"]);
    }
    assert.equal(await tested.open("wrong"), "");
    const cookie = await tested.open();
    assert.equal(await tested.open(), "");
    for (const other of ["", cookie.slice(0, -1), cookie.replace(/-\d+=/, "-1=")])
      assert.equal((await tested.visit({ path: "/api/status", headers: { cookie: other } })).status, 401);
    assert.deepEqual(asked, []);
    for (const path of data) assert.equal((await tested.visit({ path, headers: { cookie } })).status, 200);
    assert.match(tested.reported(), /a browser opened the link, which is now used/);
  });

  it("refuses every foreign request, even with the cookie, before it asks the CA", async () => {
    const asked: string[] = [];
    await using tested = await startConsole(fakeAnswers(asked));
    const cookie = await tested.open();
    const foreign = [
      { host: "evil.test" },
      { host: `evil.test:${tested.port}` },
      { origin: "http://evil.test" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    ];
    for (const path of ["/", "/console.js", ...data, "/session"])
      for (const headers of foreign) {
        const { code, status } = await tested.visit({ path, headers: { ...headers, cookie } });
        assert.deepEqual(
          [code, status >= 400],
          ["CONSOLE_REQUEST_FOREIGN", true],
          `${path} ${Object.keys(headers)}`,
        );
      }
    assert.deepEqual(asked, []);
  });

  it("exchanges the link for no request that a form or a link of another page could send", async () => {
    await using tested = await startConsole();
    const body = JSON.stringify({ token: tested.token });
    const json = { "content-type": "application/json" };
    const attempts = [
      { method: "GET" },
      { method: "GET", path: `/session?token=${tested.token}` },
      { method: "POST", body, headers: { "content-type": "text/plain" } },
      {
        method: "POST",
        body: `token=${tested.token}`,
        headers: { "content-type": "application/x-www-form-urlencoded" },
      },
      { method: "POST", body: `[${body}]`, headers: json },
      { method: "POST", body: "x".repeat(100_000), headers: json },
      { method: "POST", headers: json },
      { method: "PUT", body, headers: json },
    ];
    for (const attempt of attempts) {
      const { code, headers } = await tested.visit({ path: "/session", ...attempt });
      assert.deepEqual([code, headers["set-cookie"]], ["CONSOLE_REQUEST_INVALID", undefined]);
    }
    assert.match(await tested.open(), new RegExp(`^kasbah-console-${tested.port}=secret-2$`));
  });

  it("sends the same strict headers with every reply, and allows only GET", async () => {
    await using tested = await startConsole();
    const cookie = await tested.open();
    const paths = [
      "/",
      "/console.js",
      "/console.css",
      ...data,
      "/session",
      "/none",
      "/api/none",
      "/..%2f..%2fetc/passwd",
    ];
    for (const path of paths)
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        const { status, headers } = await tested.visit({ path, method, headers: { cookie } });
        assert.match(
          `${headers["content-security-policy"]}`,
          /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
        );
        assert.equal(headers["cache-control"], "no-store");
        assert.equal(headers["x-content-type-options"], "nosniff");
        assert.equal(headers["access-control-allow-origin"], undefined);
        assert.equal(headers["cross-origin-resource-policy"], "same-origin");
        const isServed = method === "GET" && !/none|etc|session/.test(path);
        assert.equal(status === 200, isServed, `${method} ${path}: ${status}`);
      }
  });

  it("serves the page to a link in another program, but to no frame", async () => {
    await using tested = await startConsole();
    const link = {
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "document",
    };
    assert.equal((await tested.visit({ headers: link })).body.toString(), "the file index.html");
    assert.equal((await tested.visit({ headers: { ...link, "sec-fetch-dest": "iframe" } })).status, 403);
  });

  it("asks the CA once for many tabs, and sends nothing again that has not changed", async () => {
    const asked: string[] = [];
    await using tested = await startConsole(fakeAnswers(asked));
    const cookie = await tested.open();
    const tabs = Array.from({ length: 20 }, () => tested.visit({ path: "/api/status", headers: { cookie } }));
    const [first] = await Promise.all(tabs);
    assert.deepEqual(asked, ["status"]);
    await tested.clock.advance(1500);
    const headers = { cookie, "if-none-match": `${first?.headers["etag"]}` };
    const again = await tested.visit({ path: "/api/status", headers });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    assert.deepEqual(asked, ["status", "status"]);
  });

  it("reads the refusals of the period that the page asks for, and explains a malformed one", async () => {
    const asked: string[] = [];
    await using tested = await startConsole(fakeAnswers(asked));
    const headers = { cookie: await tested.open() };
    await tested.visit({ path: "/api/refusals?since=24h", headers });
    await tested.visit({ path: "/api/refusals", headers });
    assert.deepEqual(asked, [
      "refusals since 2029-12-31T00:00:00.000Z",
      "refusals since 2029-12-31T23:00:00.000Z",
    ]);
    const { status, code } = await tested.visit({ path: "/api/refusals?since=soon", headers });
    assert.deepEqual([status, code, asked.length], [400, "CONSOLE_REQUEST_INVALID", 2]);
  });

  it("compresses a large answer for clients that accept it", async () => {
    const spiffeId = "spiffe://cluster.local/ns/demo/sa/web";
    const identity = { spiffeId, serial: "01", notBefore: "", notAfter: "", issuedAt: "" };
    const many = Array.from({ length: 1000 }, () => identity);
    const answers = fakeAnswers();
    const identities = async () => ({ ...(await answers.identities()), identities: many });
    await using tested = await startConsole({ ...answers, identities });
    const headers = { cookie: await tested.open() };
    const plain = await tested.visit({ path: "/api/identities", headers });
    const zipped = await tested.visit({
      path: "/api/identities",
      headers: { ...headers, "accept-encoding": "gzip" },
    });
    assert.equal(zipped.headers["content-encoding"], "gzip");
    assert.ok(zipped.body.length * 10 < plain.body.length);
    assert.deepEqual(gunzipSync(zipped.body), plain.body);
  });

  it("explains a CA that does not answer, and shows no browser what a bug says", async () => {
    const failures = [
      new CliError("ADMIN_UNREACHABLE", "no CA answers"),
      new Error("the password is hunter2"),
    ];
    const status = async () => {
      throw failures.shift();
    };
    await using tested = await startConsole({ ...fakeAnswers(), status });
    const headers = { cookie: await tested.open() };
    const away = await tested.visit({ path: "/api/status", headers });
    assert.deepEqual([away.status, away.code], [503, "ADMIN_UNREACHABLE"]);
    assert.match(away.body.toString(), /"fix":"select it with --state-dir or --admin-socket"/);
    await tested.clock.advance(1500);
    const bug = await tested.visit({ path: "/api/status", headers });
    assert.deepEqual([bug.status, bug.code], [500, "INTERNAL"]);
    assert.doesNotMatch(bug.body.toString(), /hunter2/);
    assert.match(tested.reported(), /failed to answer GET: Error: the password is hunter2/);
  });

  it("listens on no other address than 127.0.0.1", async () => {
    await using tested = await startConsole();
    const addresses = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const others = addresses.map(({ address }) => address).filter((one) => one !== "127.0.0.1");
    for (const host of [...others.filter((one) => !one.startsWith("fe80")), "::1", "127.0.0.2"])
      assert.equal(await accepts(host, tested.port), false, host);
    assert.ok(await accepts("127.0.0.1", tested.port));
  });

  it("names the port that another program uses, and a file of the page that is missing", async () => {
    await using tested = await startConsole();
    const handle = async () => assert.fail("no request was sent");
    const serve = () =>
      serveConsole(
        tested.port,
        () => handle,
        () => {},
      );
    await rejectsWithCode(serve, "PORT_TAKEN");
    const empty = await temporaryDirectory();
    const { message } = await rejectsWithCode(loadAssets(empty.path), "CONSOLE_ASSETS_MISSING");
    assert.match(
      message,
      /\.(html|js|css) does not exist: in a clone, run npm run build; an image has no page/,
    );
    await empty.remove();
  });

  it("ends on Ctrl-C although a browser keeps its connection, and after twelve hours without a reader", async () => {
    await using interrupted = await startConsole();
    const kept = connect(interrupted.port, "127.0.0.1");
    await new Promise((resolve) => kept.once("connect", resolve));
    interrupted.interrupt();
    await interrupted.ended;
    kept.destroy();

    await using idle = await startConsole();
    const headers = { cookie: await idle.open() };
    await idle.clock.advance(11 * 3_600_000);
    await idle.visit({ path: "/api/status", headers });
    await idle.clock.advance(11 * 3_600_000);
    assert.equal((await idle.visit({ path: "/api/status", headers })).status, 200);
    await idle.clock.advance(12 * 3_600_000);
    await idle.ended;
  });
});

function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect(port, host);
  return new Promise((resolve) => {
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
