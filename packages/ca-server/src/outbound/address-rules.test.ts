import assert from "node:assert/strict";
import { lookup } from "node:dns";
import { rejectsWithCode, throwsWithCode } from "@kasbah/testkit";
import { AddressRules } from "./address-rules.ts";

const rules = new AddressRules([]);

/** The host of a URL as the rules receive it. */
const checkUrl = (url: string, by = rules) => by.checkHost(new URL(url).hostname);
const refuseUrl = (url: string, by = rules) => throwsWithCode(() => checkUrl(url, by), "HTTPS_FAILED");

function lookUp(name: string, by: AddressRules, all: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    by.lookup(name, { all }, (error, address) => (error ? reject(error) : resolve(address)));
  });
}

describe("Address of a configured URL", () => {
  it("refuses a loopback address in any notation", () => {
    const spellings = [
      "127.0.0.1",
      "127.1",
      "127.255.255.254",
      "2130706433",
      "0x7f000001",
      "0x7f.1",
      "017700000001",
      "0177.0.0.1",
      "127.0.0.1.",
      "%31%32%37.0.0.1",
      "\uff11\uff12\uff17.0.0.1",
      "127\u3002\u0030.0.1",
      "0.0.0.0",
      "0",
      "0.1.2.3",
      "[::1]",
      "[::]",
      "[0:0:0:0:0:0:0:1]",
      "[::ffff:127.0.0.1]",
      "[::ffff:7f00:1]",
      "[0:0:0:0:0:ffff:127.0.0.1]",
      "[::ffff:0.0.0.0]",
      "[::127.0.0.1]",
    ];
    for (const host of spellings) refuseUrl(`https://${host}:6443/openid/v1/jwks`);
  });

  it("refuses a cloud's metadata service and every link-local address", () => {
    const hosts = [
      "169.254.169.254",
      "2852039166",
      "0xa9fea9fe",
      "0251.0376.0251.0376",
      "169.254.0.1",
      "[::ffff:169.254.169.254]",
      "[::ffff:a9fe:a9fe]",
      "[fe80::1]",
      "[febf::1]",
      "[fe80::a9fe:a9fe]",
      "[fd00:ec2::254]",
      "[fd20:ce::254]",
      "192.0.0.192",
      "100.100.100.200",
      "168.63.129.16",
      "[::ffff:168.63.129.16]",
    ];
    for (const host of hosts) refuseUrl(`https://${host}/`);
  });

  it("refuses an address that embeds a forbidden one through translation or a tunnel", () => {
    for (const host of [
      "[64:ff9b::a9fe:a9fe]",
      "[64:ff9b:1::a9fe:a9fe]",
      "[64:ff9b::127.0.0.1]",
      "[2002:7f00:1::]",
      "[2002:a9fe:a9fe::1]",
    ]) {
      refuseUrl(`https://${host}/`);
    }
  });

  it("refuses a multicast, reserved or broadcast address", () => {
    for (const host of ["224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "[ff02::1]", "[ff0e::1]"]) {
      refuseUrl(`https://${host}/`);
    }
  });

  it("allows private and public addresses, up to the borders of the refused ranges", () => {
    const hosts = [
      "10.96.0.1",
      "172.16.0.1",
      "192.168.1.1",
      "100.64.0.1",
      "100.100.100.201",
      "168.63.129.17",
      "1.0.0.0",
      "126.255.255.255",
      "128.0.0.0",
      "169.253.255.255",
      "169.255.0.0",
      "223.255.255.255",
      "[fd00::1]",
      "[2001:db8::1]",
      "[::ffff:10.0.0.1]",
    ];
    for (const host of hosts) assert.doesNotThrow(() => checkUrl(`https://${host}/`), host);
  });

  it("names a refused address and the flag that would allow it", () => {
    const { message } = refuseUrl("https://0x7f.1/");
    assert.match(message, /127\.0\.0\.1 .*--allow-address 127\.0\.0\.1/);
  });

  it("allows a refused address only by a range that contains it", () => {
    const some = new AddressRules([
      { address: "127.0.0.0", prefix: 30 },
      { address: "fd00:ec2::254", prefix: 128 },
    ]);
    for (const host of ["127.0.0.1", "127.0.0.3", "[::ffff:127.0.0.1]", "[fd00:ec2::254]"]) {
      assert.doesNotThrow(() => checkUrl(`https://${host}/`, some), host);
    }
    for (const host of ["127.0.0.4", "[::1]", "[fd00:ec2::253]", "169.254.169.254"]) {
      refuseUrl(`https://${host}/`, some);
    }
  });

  it("does not check the address of a name before the connection", () => {
    for (const host of ["localhost", "metadata.google.internal", "1.2.3.4.example.test"]) {
      assert.doesNotThrow(() => checkUrl(`https://${host}/`));
    }
  });
});

describe("Name in a configured URL", () => {
  const loopbacks = new AddressRules([
    { address: "127.0.0.0", prefix: 8 },
    { address: "::1", prefix: 128 },
  ]);

  it("does not resolve to a refused address", async () => {
    for (const all of [true, false]) {
      const { message } = await rejectsWithCode(lookUp("localhost", rules, all), "HTTPS_FAILED");
      assert.match(message, /the address (127\.0\.0\.1|::1) /);
    }
  });

  it("does not resolve if any of its addresses is refused, whichever the connection would use", async () => {
    const addresses = ["10.0.0.1", "169.254.169.254", "10.0.0.2"].map((address) => ({ address, family: 4 }));
    const answer = (...given: unknown[]) => {
      const callback = given.at(-1);
      assert.ok(typeof callback === "function");
      callback(null, addresses);
    };
    const resolve = Object.assign(answer, { __promisify__: lookup.__promisify__ });
    for (const all of [true, false]) {
      const found = lookUp("api.test", new AddressRules([], resolve), all);
      assert.match((await rejectsWithCode(found, "HTTPS_FAILED")).message, /the address 169\.254\.169\.254 /);
    }
    addresses.splice(1, 1);
    assert.equal(await lookUp("api.test", new AddressRules([], resolve), false), "10.0.0.1");
  });

  it("resolves to an allowed address, as a list or a single one, as the connection requests", async () => {
    assert.match(String(await lookUp("localhost", loopbacks, false)), /^(127\.0\.0\.1|::1)$/);
    const list = await lookUp("localhost", loopbacks, true);
    assert.ok(Array.isArray(list) && list.length > 0);
  });

  it("fails with a lookup error if it does not exist", async () => {
    await assert.rejects(lookUp(`${"x".repeat(300)}.invalid`, loopbacks, true), { code: /^E/ });
  });
});
