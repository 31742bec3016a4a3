import assert from "node:assert/strict";
import { nameConditions } from "../gateway-files/health/judge.ts";
import { gatewayText } from "./gateway-text.ts";
import { statusText } from "./status-text.ts";

const address = { host: "127.0.0.1", port: 15020 };

const fine = (index: number) => ({
  name: `file-cert:/etc/istio/host-${index}/tls.crt~/etc/istio/host-${index}/tls.key`,
  state: "served",
  conditions: [],
  notAfter: "2030-03-01T00:00:00.000Z",
  secondsLeft: 5_000_000,
});

function documentOf(certificates: readonly { readonly conditions: readonly string[] }[], waiting = 0) {
  const count = (condition: string) =>
    certificates.filter((one) => one.conditions.includes(condition)).length;
  return {
    ready: true,
    gateway: {
      names: certificates.length,
      fine: certificates.filter(({ conditions }) => conditions.length === 0).length,
      conditions: Object.fromEntries(nameConditions.map((each) => [each, count(each)])),
      waiting,
      certificates,
    },
  };
}

const bad = [
  {
    ...fine(0),
    name: `file-cert:/etc/istio/${"a-long-directory/".repeat(4)}shop/tls.crt~/k`,
    state: "missing",
    conditions: ["missing"],
    notAfter: undefined,
    problem: {
      code: "FILE_INVALID",
      message: "the key does not match ".repeat(9),
      since: "2030-01-01T07:06:00.000Z",
    },
  },
  { ...fine(1), conditions: ["expired"], notAfter: "2029-12-01T00:00:00.000Z", secondsLeft: -86_400 * 31 },
  {
    ...fine(2),
    state: "refused",
    conditions: ["refused", "expiring"],
    refusal: { complaint: "only RSA keys of 2048 bits", since: "2030-01-01T07:06:00.000Z", clients: 1 },
  },
];

describe("The gateway part of kasbah-agent status", () => {
  it("is missing without gateway names", () => {
    assert.equal(gatewayText({ ready: true }), "");
    assert.equal(gatewayText(documentOf([])), "");
  });

  it("shows only a summary if all is well", () => {
    assert.equal(gatewayText(documentOf([fine(1), fine(2)])), "  gateway: 2 names, 2 fine\n");
  });

  it("shows 12 of 1,500 names at most, the worst first, and the number of the others", () => {
    const text = gatewayText(
      documentOf([...bad, ...Array.from({ length: 1_497 }, (_, index) => fine(index))]),
    );
    const [head, columns, ...rows] = text.trimEnd().split("\n");
    assert.equal(head, "  gateway: 1,500 names, 1 missing, 1 expired, 1 refused, 1 expiring, 1,497 fine");
    assert.match(columns ?? "", /^ {4}CONDITION +EXPIRES +FILE$/);
    assert.match(rows[0] ?? "", /^ {4}missing +- +….*\/shop\/tls\.crt$/);
    assert.match(text, /^ {4}expired +2029-12-01, 31 d ago +\/etc\/istio\/host-1\/tls\.crt$/m);
    assert.match(text, /^ {6}NACK since 2030-01-01 07:06 UTC: only RSA keys of 2048 bits$/m);
    assert.equal(rows.at(-1), "    and 1,497 more are fine");
    for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  });

  it("stays short if all 1,500 names have expired", () => {
    const all = Array.from({ length: 1_500 }, (_, index) => ({ ...fine(index), conditions: ["expired"] }));
    const lines = gatewayText(documentOf(all, 3)).trimEnd().split("\n");
    assert.equal(lines.length, 16);
    assert.match(lines[1] ?? "", /3 more names beyond the limit, not served/);
    assert.equal(lines.at(-1), "    and 1,488 more names with problems, see --json");
  });

  it("replaces the warnings about gateway names and their place among the resources", () => {
    const warnings = [
      "certificate-expired: the certificate of file-cert:/a~/b expired 3 d ago",
      "651 more warnings about gateway names; run kasbah-agent status",
      "certificate-refused: a client rejects default since 2030-01-01 00:00 UTC (NACK): no",
    ];
    const resources = [
      { name: "default", version: "1" },
      { name: "file-cert:/a~/b", version: "2" },
    ];
    const refusing = (name: string) => ({ node: "envoy", lastNack: { names: [name], complaint: "no" } });
    const clients = [refusing("file-cert:/a~/b"), ...Array.from({ length: 20 }, () => refusing("default"))];
    const text = statusText({ ...documentOf([fine(1)]), warnings, resources, sds: { clients } }, address);
    assert.deepEqual(text.match(/(?<=^ {2}warning +)\S.*$/gm), [warnings[2]]);
    assert.match(text, /^ {2}served +default 1$/m);
    assert.equal(text.match(/^ {2}rejected/gm)?.length, 9);
    assert.match(text, /rejected +and by 12 more clients, see --json$/m);
  });
});
