import assert from "node:assert/strict";
import { differenceOf } from "./compare.ts";

const same = (printed: string, ...shown: string[]) => assert.equal(differenceOf(printed, shown), undefined);
const differs = (printed: string, ...shown: string[]) =>
  differenceOf(printed, shown) ?? assert.fail(`no difference: ${printed}`);

describe("Comparison of output with a page", () => {
  it("times, distances, serials, fingerprints, addresses, sizes and large counts match by shape", () => {
    same(
      "root-1  active  2036-11-27T00:26:38Z (in 3649d)  76d720bffea9b7d4\n",
      "root-1   active  2036-11-18T07:06:36Z (in 3d 2h)  5449a4c267173042",
    );
    same("valid in 23h59m, 1s ago\n", "valid in 12s, 3m ago");
    same("since 2026-11-21T07:06:41Z (now)", "since 2026-11-21T07:06:41Z (1s ago)");
    same("serial=F74074E50FEB486EF0156B0F4D5B4FA1", "serial=009B28BF0EA0352479CAB28A275B5965");
    same("SHA256 Fingerprint=AD:D5:85:DE:AA:BB:CC:DD", "SHA256 Fingerprint=11:22:33:44:55:66:77:88");
    same("from 127.0.0.1:39758", "from 127.0.0.1:40000");
    same(
      "frontend-jtr4gkbk7x-xkbkj (a3f68fb5-ed76-4e68-80c2-99b0eddf916b)",
      "frontend-tm8kjcxhtg-mbxjf (d89b5204-28ee-4397-8cc4-3a17c28abc3b)",
    );
    same("api-5cc4f8b7b6-hfrj9  node-1", "api-6f7c9d5b8-2xkqp   node-1");
    same("sha256 Fingerprint=AD:D5:85:DE:AA:BB:CC:DD:EE", "sha256 Fingerprint=54:49:A4:C2:67:17:30:…");
    same("SHA-256 381ab55e86d557d0", "SHA-256 5d3c…");
    same("refused from 127.0.0.1, pid 12", "refused from 10.1.2.7, pid 17116");
    same("12,345 entries, 4.5 MiB", "100000 entries, 1 KiB");
    same("notAfter=Feb 19 08:00:00 2027 GMT", "notAfter=Dec  1 09:10:11 2026 GMT");
  });

  it("words, small numbers and names do not", () => {
    differs("root-1", "root-2");
    differs("policy.yaml is valid: 4 rules", "policy.yaml is valid: 5 rules");
    differs("signs  yes", "signs  no");
    differs("default", "deadbeef");
  });

  it("a line … stands for any lines, … within a line for any text, and <word> for one word", () => {
    same("a\nb\nc\nd\n", "a", "…", "d");
    same("a\n", "a", "…");
    same("root SHA-256 59121c35, and more", "root …");
    same("hello big world", "hello <name> world");
    differs("hello big wide world", "hello <name> world");
    differs("a\nb\n", "a");
    differs("a\n", "a", "b");
  });

  it("a page may break a long line", () => {
    same("BROKEN  the replica kasbah-1 records this", "BROKEN  the replica", "kasbah-1 records this");
    differs("BROKEN  the replica kasbah-1 records that", "BROKEN  the replica", "kasbah-1 records this");
  });

  it("colors are ignored", () => same("\u001b[32mok\u001b[0m\n", "ok"));

  it("a difference shows the lines that match, then the page and the output", () => {
    assert.equal(differs("a\nb\nc\n", "a", "x", "c"), "    a\n  - x\n  - c\n  + b\n  + c");
    assert.match(differs("a\n", "a", "b"), /the command printed no further line/);
    assert.match(differs("a\nb\n", "a"), /the page shows no further line/);
  });
});
