import assert from "node:assert/strict";
import fc from "fast-check";
import { table } from "./table.ts";
import { shortenMiddle } from "./terminal/shorten.ts";

const ESC = "\u001b";
const header = ["NAME", "POD", "EXPIRES"];
const names = ["checkout-of-the-shop", "checkout-of-the-store"].map((name) => `/ns/payments/sa/${name}`);
const rows = names.map((name) => [
  { text: name, short: name.replace("/ns/", "").replace("/sa/", "/") },
  "checkout-7f9c6d5b4-x2v8q",
  { text: "2030-01-01T00:00:00Z (in 3h)", short: "in 3h", tone: "warning" as const },
]);
const elastic = [0, 1];

describe("A table", () => {
  it("is complete and without color unless it is on a terminal", () => {
    const text = table([header, ...rows]);
    for (const name of names) assert.ok(text.includes(name));
    assert.equal(text.split("2030-01-01T00:00:00Z (in 3h)").length, 3);
    assert.ok(!text.includes(ESC) && !text.includes("…"));
  });

  it("shows everything if the terminal is wide enough", () => {
    const complete = table([header, ...rows]);
    assert.equal(table([header, ...rows], { colour: false, columns: 120, elastic }), complete);
  });

  it("takes the short forms first, then shortens names in their middle, and keeps names apart", () => {
    assert.match(
      table([header, ...rows], { colour: false, columns: 80, elastic }),
      /payments\/checkout-of-the-shop .* in 3h\n/,
    );
    const text = table([header, ...rows], { colour: false, columns: 50, elastic });
    const lines = text.trimEnd().split("\n");
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(/ {2,}/)[0]?.slice(-8)),
      ["the-shop", "he-store"],
    );
    assert.deepEqual(
      lines.filter((line) => line.length > 50),
      [],
    );
  });

  it("hides optional columns before it makes names unreadable, and reports which", () => {
    const look = { colour: false, columns: 44, elastic, optional: [1] };
    const text = table([header, ...rows], look);
    assert.match(text, /^NAME +EXPIRES\npayments\/checkout-of-the-shop +in 3h\n/);
    assert.ok(text.endsWith("--wide shows POD, too\n"));
  });

  it("never exceeds a terminal of 60 columns, with any names", () => {
    const name = fc.string({ minLength: 1, maxLength: 120, unit: "grapheme-ascii" });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name, name), { minLength: 1 }), (cells) => {
        const lines = table([header, ...cells], { colour: false, columns: 60, elastic: [0, 1, 2] }).split(
          "\n",
        );
        assert.deepEqual(
          lines.filter((line) => line.length > 60),
          [],
        );
      }),
    );
  });

  it("colors cells without changing the columns", () => {
    const look = { columns: 80, elastic };
    const painted = table([header, ...rows], { ...look, colour: true });
    assert.ok(painted.includes(`${ESC}[33min 3h${ESC}[0m`));
    const visible = painted.replaceAll(new RegExp(`${ESC}\\[[\\d;]*m`, "g"), "");
    assert.equal(visible, table([header, ...rows], { ...look, colour: false }));
  });
});

describe("shortenMiddle", () => {
  it("keeps both ends, more of the second one, and the width", () => {
    assert.equal(shortenMiddle("spiffe://cluster.local/ns/demo/sa/web", 19), "spiffe…/demo/sa/web");
    assert.equal(shortenMiddle("short", 5), "short");
  });
});
