import assert from "node:assert/strict";
import { throwsWithCode } from "@kasbah/testkit";
import { formatHostPort, parseHostName, parseHostPort } from "./address.ts";

describe("parseHostPort", () => {
  const hostile = [
    "",
    ":",
    ":15012",
    "host",
    "host:",
    "host:-1",
    "host:65536",
    "host:1e3",
    "host: 1",
    "::1:80",
    "[::1]",
    "[]:80",
    "[127.0.0.1]:80",
    "[fe80::1%]:80",
    "[fe80::1%eth0 ]:80",
    "[%eth0]:80",
    "300.1.1.1:80",
    "300.1.1.1.:80",
    "127.0.0.1.:80",
    ".:80",
    "a..:80",
    ".a:80",
    "b\u00fccher.example:80",
    "127.1:80",
    "a..b:80",
    "-a:80",
    "a b:80",
    "a\0:80",
    "http://a:80",
    "user@a:80",
    `${"a.".repeat(200)}a:80`,
    `${"a".repeat(64)}:80`,
  ];
  for (const text of hostile) {
    it(`rejects ${JSON.stringify(text.slice(0, 24))}`, () => {
      throwsWithCode(() => parseHostPort(text), "ADDRESS_MALFORMED");
    });
  }

  for (const text of [
    "127.0.0.1:15012",
    "[::1]:0",
    "localhost:65535",
    "kasbah.kasbah-system.svc:15012",
    "kasbah.kasbah-system.svc.cluster.local.:15012",
    "[fe80::1%eth0.100]:15012",
    "CA.Example:1",
    "xn--bcher-kva.example:1",
    "ca_1:1",
  ]) {
    it(`formats the parsed ${text} as the same text`, () => {
      assert.equal(formatHostPort(parseHostPort(text)), text);
    });
  }

  it("returns an IPv6 address without its brackets, as sockets expect it", () => {
    assert.deepEqual(parseHostPort("[2001:db8::1]:443"), { host: "2001:db8::1", port: 443 });
  });
});

describe("parseHostName", () => {
  it("accepts a name or an address, and rejects a port, an empty text and a scheme", () => {
    for (const [text, host] of [
      ["ca.example.", "ca.example."],
      ["10.0.0.1", "10.0.0.1"],
      ["::1", "::1"],
      ["[::1]", "::1"],
    ] as const) {
      assert.equal(parseHostName(text), host);
    }
    for (const text of ["", "ca.example:15012", "https://ca.example", "10.0.0.1:1", "[::1]:1", "a b"]) {
      throwsWithCode(() => parseHostName(text), "ADDRESS_MALFORMED");
    }
  });
});
