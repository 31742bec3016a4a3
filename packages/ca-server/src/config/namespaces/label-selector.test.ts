import assert from "node:assert/strict";
import { parseLabelSelector } from "./label-selector.ts";

const matches = (text: string, labels: Record<string, string>) => parseLabelSelector(text).matches(labels);

describe("parseLabelSelector", () => {
  it("compares values, and matches an object without the label only by its absence", () => {
    assert.ok(matches("mesh=on", { mesh: "on", other: "x" }));
    assert.ok(matches("mesh == on", { mesh: "on" }));
    assert.ok(matches("mesh=", { mesh: "" }));
    for (const labels of [{ mesh: "off" }, {}, { Mesh: "on" }]) assert.ok(!matches("mesh=on", labels));
    assert.ok(!matches("mesh=", {}));
    assert.ok(matches("mesh!=on", {}) && matches("mesh!=on", { mesh: "off" }));
    assert.ok(!matches("mesh!=on", { mesh: "on" }));
  });

  it("looks for one of several values, or for none of them", () => {
    assert.ok(matches("env in (a, b)", { env: "b" }));
    assert.ok(!matches("env in (a,b)", { env: "c" }) && !matches("env in (a,b)", {}));
    assert.ok(matches("env notin (a,b)", { env: "c" }) && matches("env notin (a,b)", {}));
    assert.ok(!matches("env notin (a,b)", { env: "a" }));
  });

  it("looks for the existence or the absence of a label", () => {
    assert.ok(matches("example.com/mesh", { "example.com/mesh": "" }) && !matches("mesh", {}));
    assert.ok(matches("!mesh", {}) && !matches("! mesh", { mesh: "" }));
    assert.ok(!matches("constructor", {}));
  });

  it("requires everything that is listed", () => {
    const text = "team=a,env in (x,y),!legacy, tier";
    assert.ok(matches(text, { team: "a", env: "y", tier: "1" }));
    assert.ok(!matches(text, { team: "a", env: "y" }));
    assert.ok(!matches(text, { team: "a", env: "z", tier: "1" }));
    assert.ok(!matches(text, { team: "a", env: "x", tier: "1", legacy: "" }));
  });

  it("refuses everything else, so that a typing error selects no other namespaces", () => {
    const malformed = [
      ...["", " ", ",", "a,", ",a", "a,,b", "a b", "a=b c", "a=b=c", "a=!", "=b", "a in", "a in b"],
      ...[
        "a in ()",
        "a in (b",
        "a in b)",
        "a in (b,)",
        "a in ((b))",
        "a in (b) c",
        "a in(b)c",
        "a notin (b c)",
      ],
      ...[
        "a>1",
        "a<1",
        "a gt 1",
        "a!",
        "!!a",
        "-a",
        "a-",
        "a/",
        "/a",
        "a/b/c",
        "A.example/b",
        "a..b/c",
        "a=é",
      ],
      ...["a=-b", "a=b-", `${"k".repeat(64)}`, `a=${"v".repeat(64)}`, `${"p".repeat(254)}/a`, "a=b\n,c\nd"],
      ...['{"matchLabels": {}}', "matchLabels: {a: b}", "a = b;c"],
    ];
    const accepted = malformed.filter((text) => {
      try {
        parseLabelSelector(text);
        return true;
      } catch (error) {
        assert.match(String(error), /expected a label selector such as/);
        return false;
      }
    });
    assert.deepEqual(accepted, []);
  });
});
