import assert from "node:assert/strict";
import { refuseForeign } from "./refuse-foreign.ts";

const port = 7878;
const own = {
  hosts: [`127.0.0.1:${port}`],
  origin: undefined,
  site: undefined,
  opensPage: false,
  method: "GET",
  path: "/api/status",
};

const refused: Readonly<Record<string, Partial<typeof own> | object>> = {
  "the name of another site, which may resolve to the loopback": { hosts: ["evil.test:7878"] },
  "a name below localhost": { hosts: ["evil.localhost:7878"] },
  "the loopback's address in another form": { hosts: ["127.1:7878"] },
  IPv6: { hosts: ["[::1]:7878"] },
  "another port": { hosts: ["127.0.0.1:80"] },
  "no port": { hosts: ["127.0.0.1"] },
  "a user before the host": { hosts: ["127.0.0.1:7878@evil.test"] },
  "no Host": { hosts: [] },
  "an empty Host": { hosts: [""] },
  "two Host headers": { hosts: ["127.0.0.1:7878", "evil.test"] },
  "the same Host twice": { hosts: ["127.0.0.1:7878", "127.0.0.1:7878"] },
  "another Origin": { origin: "http://evil.test" },
  "the Origin of another port of this machine": { origin: "http://127.0.0.1:9999" },
  "the Origin of the other name of the loopback": { origin: `http://localhost:${port}` },
  "the Origin of a page in a sandbox": { origin: "null" },
  "the Origin over TLS": { origin: `https://127.0.0.1:${port}` },
  "a script of another site": { site: "cross-site" },
  "a script of another port of this machine": { site: "same-site" },
  "an unknown kind of site": { site: "elsewhere" },
  "a page of another site that opens an answer": { site: "cross-site", opensPage: true },
  "a form of another site": { site: "cross-site", opensPage: true, method: "POST", path: "/" },
};

describe("Requests from foreign pages", () => {
  for (const [title, change] of Object.entries(refused))
    it(`are refused: ${title}`, () => {
      const found = refuseForeign({ ...own, ...change }, port);
      assert.equal(found?.error.code, "CONSOLE_REQUEST_FOREIGN");
      assert.ok(found.status === 403 || found.status === 421);
    });

  it("differ from those of the page itself, of programs, and of links that open the page", () => {
    const accepted = [
      {},
      { hosts: [`localhost:${port}`], origin: `http://localhost:${port}` },
      { origin: `http://127.0.0.1:${port}`, site: "same-origin" },
      { site: "none", opensPage: true },
      { site: "cross-site", opensPage: true, path: "/" },
    ];
    for (const change of accepted) assert.equal(refuseForeign({ ...own, ...change }, port), undefined);
  });

  it("get a message that names the fix for a forwarded port, and no control characters", () => {
    const found = refuseForeign({ ...own, hosts: [`127.0.0.1:80${String.fromCharCode(27)}[2J`] }, port);
    assert.match(found?.error.message ?? "", /ssh -L 7878:127\.0\.0\.1:7878$/);
    assert.doesNotMatch(found?.error.message ?? "", /\p{C}/u);
  });
});
