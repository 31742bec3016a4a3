import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

const folder = new URL(".", import.meta.url);
const sources = readdirSync(folder).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
const imports = /^import (type )?[^;]*? from "(?<module>[^"]+)";/gm;

/** The modules whose code runs when a file of the encoder does. */
function modulesOf(name: string): readonly string[] {
  const text = readFileSync(new URL(name, folder), "utf8");
  return [...text.matchAll(imports)]
    .filter(([, isType]) => isType === undefined)
    .map(({ groups }) => groups?.["module"] ?? "");
}

describe("The encoder of leaves", () => {
  it("shares no code with the parser and the lint, which would repeat its faults", () => {
    const encoders = sources.filter((name) => name !== "write-leaf.ts");
    assert.ok(encoders.length > 4);
    for (const name of encoders) {
      const foreign = modulesOf(name).filter((module) => !/^\.\/[a-z-]+\.ts$/.test(module));
      assert.deepEqual(foreign, [], name);
    }
  });

  it("does not load @peculiar/x509", () => {
    const libraries = modulesOf("write-leaf.ts").filter((module) => !module.startsWith("."));
    assert.deepEqual(libraries, []);
  });
});
