import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { adminClientOf, offlineDirectoryOf } from "./ca-location.ts";
import type { CommandDeps } from "./command-deps.ts";

const deps = (env: Record<string, string> = {}): CommandDeps => ({ env, isRoot: true }) as CommandDeps;

describe("The location of a CA on this machine", () => {
  for (const [text, fix] of [
    ["unix:///run/kasbah/admin.sock", "write /run/kasbah/admin.sock"],
    ["@kasbah", "abstract namespace"],
    ["tcp://127.0.0.1:15012", "only Unix sockets"],
    ["127.0.0.1:15012", "not host:port"],
    ["/run/kasbah/", "such as /run/kasbah/socket"],
    ["", "the path of a Unix socket"],
  ] as const) {
    it(`is refused with the fix if the admin socket is ${JSON.stringify(text)}`, () => {
      const refused = (error: unknown) => {
        assert.ok(error instanceof ConfigInvalidError);
        assert.match(error.message, /--admin-socket \(from the command line\): expected /);
        assert.ok(error.message.includes(fix), error.message);
        return true;
      };
      assert.throws(() => adminClientOf({ adminSocket: text }, deps()), refused);
      assert.throws(() => offlineDirectoryOf({ adminSocket: text }, deps()), refused);
    });
  }

  it("is refused if the environment names a socket by its URI, unless a flag names another place", () => {
    const env = { KASBAH_ADMIN_SOCKET: "unix:///run/kasbah/admin.sock" };
    assert.throws(() => adminClientOf({}, deps(env)), /environment KASBAH_ADMIN_SOCKET.*write \/run\/kasbah/);
    assert.ok(adminClientOf({ stateDir: "/var/lib/kasbah" }, deps(env)));
    assert.ok(adminClientOf({ adminSocket: "/run/kasbah/admin.sock" }, deps(env)));
  });
});
