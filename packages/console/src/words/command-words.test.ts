import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { kasbahCommand } from "./command-words.ts";

const source = { kind: "cluster", place: "", flags: "-n kasbah-system", readAt: "" } as const;

describe("a command to copy", () => {
  it("asks the CA of the page", () => {
    assert.equal(kasbahCommand(source, "why", "dc9961f5206f"), "kasbah why dc9961f5206f -n kasbah-system");
    assert.equal(
      kasbahCommand({ ...source, flags: "" }, "audit", "who", "spiffe://a/b"),
      "kasbah audit who spiffe://a/b",
    );
  });

  it("keeps a hostile word as one word that a shell does not interpret", () => {
    const hostile = 'spiffe://a/$(touch x)\'; echo "`id`" \\ &';
    const command = kasbahCommand({ ...source, flags: "" }, hostile).replace(/^kasbah/, "printf %s");
    assert.equal(execFileSync("/bin/sh", ["-c", command], { encoding: "utf8" }), hostile);
  });
});
