import assert from "node:assert/strict";
import { inspect } from "node:util";
import { describeProxy, parseProxyAddress } from "./proxy-address.ts";

describe("parseProxyAddress", () => {
  it("refuses a proxy that is reached over TLS, and any text that names no proxy, without quoting it", () => {
    for (const text of [
      "https://user:secret@proxy.example:3128",
      "socks5://user:secret@proxy.example",
      "http://user:secret@proxy.example/path",
      "http://user:secret@proxy.example?secret",
      "http://user:%@proxy.example",
      "proxy.example:3128",
      "http://",
      "",
    ]) {
      assert.throws(
        () => parseProxyAddress(text),
        (error: Error) => {
          assert.doesNotMatch(error.message, /secret/);
          return /^expected /.test(error.message) || assert.fail(error.message);
        },
      );
    }
  });

  it("keeps the credentials out of names, JSON and inspection", () => {
    const proxy = parseProxyAddress("http://user:p%40ss@proxy.example:3128/");
    assert.deepEqual(proxy.address, { host: "proxy.example", port: 3128 });
    assert.equal(proxy.authorization?.reveal(), `Basic ${Buffer.from("user:p@ss").toString("base64")}`);
    const shown = `${describeProxy(proxy)} ${JSON.stringify(proxy)} ${inspect(proxy)}`;
    assert.match(shown, /^http:\/\/proxy\.example:3128 /);
    assert.doesNotMatch(shown, /p@ss|p%40ss|dXNlc/);
  });

  it("reads an IPv6 address in brackets, and port 80 if there is none", () => {
    const proxy = parseProxyAddress("http://[fd00::1]");
    assert.deepEqual([proxy.address, proxy.authorization], [{ host: "fd00::1", port: 80 }, undefined]);
    assert.equal(describeProxy(proxy), "http://[fd00::1]:80");
  });
});
