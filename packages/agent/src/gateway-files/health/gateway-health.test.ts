import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { GatewayHealth } from "./gateway-health.ts";
import type { FileNameReport } from "./judge.ts";

const start = new Date("2030-01-01T00:00:00Z");
const dayMs = 86_400_000;
const after = (days: number) => new Date(start.getTime() + days * dayMs);
const noRefusals = new Map();

const serving = (name: string, lastDay: number, firstDay = lastDay - 90): FileNameReport => ({
  name: `file-cert:/etc/istio/${name}.crt~/etc/istio/${name}.key`,
  served: {
    kind: "pair",
    serial: "7f",
    sans: 1,
    certificates: 2,
    notBefore: after(firstDay),
    notAfter: after(lastDay),
  },
  failure: undefined,
});
const whole = serving("shop", 60);
const withoutIssuer = { ...whole, served: whole.served && { ...whole.served, lacksIssuer: true } };
const failure = { code: "FILE_INVALID", message: "the key does not match", since: after(-2) };

function healthOf(reports: readonly FileNameReport[], waiting = 0) {
  return new GatewayHealth({ reports: () => reports, waiting }, new FakeClock(start));
}

describe("GatewayHealth", () => {
  it("has no warning about certificates that are renewed in time, and none while files are read", () => {
    const loading = { name: "file-root:system", served: undefined, failure: undefined };
    assert.deepEqual(healthOf([serving("shop", 60), loading]).warnings(noRefusals), []);
  });

  for (const [what, report, sentence] of [
    [
      "an expired certificate",
      serving("shop", -3),
      /^certificate-expired: the certificate of file-cert:\S+shop.crt\S+ expired 3 d ago \(2029-12-29 00:00 UTC\)$/,
    ],
    [
      "a certificate that should have been renewed",
      serving("shop", 17),
      /^certificate-expiring: .* expires in 17 d \(2030-01-18 00:00 UTC\)$/,
    ],
    [
      "a certificate from the future",
      serving("shop", 91, 1),
      /^certificate-not-yet-valid: .* is served, but becomes valid in 1 d \(2030-01-02 00:00 UTC\)$/,
    ],
    [
      "a pair that does not match from the start",
      { ...serving("shop", 60), served: undefined, failure },
      /^certificate-missing: .* nothing to serve as \S+ since 2029-12-30 00:00 UTC: FILE_INVALID: the key does not match$/,
    ],
    [
      "a pair that stopped matching",
      { ...serving("shop", 60), failure },
      /^certificate-previous: .* serves the previous contents of \S+ since 2029-12-30 00:00 UTC: FILE_INVALID: the key/,
    ],
    [
      "a chain without the issuer of its certificate",
      withoutIssuer,
      /^certificate-incomplete: the first certificate of \S+ was not issued by the other one in its file/,
    ],
    [
      "roots that have all expired",
      {
        name: "file-root:/etc/istio/ca.crt",
        served: { kind: "roots", certificates: 4, notBefore: after(-90), notAfter: after(-1) },
        failure: undefined,
      },
      /^certificate-expired: the last of 4 roots of file-root:\S+ expired 1 d ago/,
    ],
  ] as const) {
    it(`warns of ${what} once, with a word to search for`, () => {
      const warnings = healthOf([serving("fine", 60), report]).warnings(noRefusals);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? "", sentence);
    });
  }

  it("warns of a certificate that a client rejects, with the client's reason", () => {
    const report = serving("shop", 60);
    const refusal = { name: report.name, complaint: "only RSA keys of 2048 bits", at: start, clients: 1 };
    const [warning] = healthOf([report]).warnings(new Map([[report.name, refusal]]));
    assert.match(
      warning ?? "",
      /^certificate-refused: a client rejects file-cert:.*: only RSA keys of 2048 bits$/,
    );
  });

  it("names both reasons if a certificate expired because its files are invalid", () => {
    const warnings = healthOf([{ ...serving("shop", -1), failure }]).warnings(noRefusals);
    assert.deepEqual(
      warnings.map((warning) => warning.split(":")[0]),
      ["certificate-expired", "certificate-previous"],
    );
  });

  it("puts the worst of 1,500 names first, and counts the warnings that it omits", () => {
    const reports = Array.from({ length: 1_500 }, (_, index) => serving(`host-${index}`, 60 - (index % 75)));
    const health = healthOf([...reports, { ...serving("gone", 60), served: undefined, failure }]);
    const warnings = health.warnings(noRefusals);
    assert.equal(warnings.length, 11);
    assert.match(warnings[0] ?? "", /certificate-missing/);
    assert.match(warnings[1] ?? "", /certificate-expired.* expired 14 d ago/);
    // 300 have expired and 360 are in their last 18 days.
    assert.equal(warnings.at(-1), "651 more warnings about gateway names; run kasbah-agent status");
    assert.equal(health.judged(noRefusals).length, 1_501);
  });

  it("warns of names that wait because the maximum of names is reached", () => {
    assert.match(healthOf([], 7).warnings(noRefusals).join(), /^7 more file names are not served/);
  });
});
