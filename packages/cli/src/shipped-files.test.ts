import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { agentProgram, reaperProgram, serverProgram, userCacheDirectory } from "./shipped-files.ts";

describe("Shipped files", () => {
  it("the programs that the command starts exist in a clone", () => {
    for (const path of [serverProgram, agentProgram, reaperProgram]) assert.ok(existsSync(path), path);
  });

  it("the user's cache is in XDG_CACHE_HOME if that is an absolute path, else in .cache of HOME", () => {
    assert.equal(userCacheDirectory({ XDG_CACHE_HOME: "/cache", HOME: "/home/a" }), "/cache/kasbah");
    for (const ignored of ["", "relative/cache", undefined])
      assert.equal(userCacheDirectory({ XDG_CACHE_HOME: ignored, HOME: "/home/a" }), "/home/a/.cache/kasbah");
  });

  it("the user's cache is in the home directory of the account if HOME is empty", () => {
    assert.match(userCacheDirectory({ HOME: "" }), /^\/.+\/\.cache\/kasbah$/);
  });
});
