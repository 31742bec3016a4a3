import assert from "node:assert/strict";
import { getegid, geteuid } from "node:process";
import { isExposed } from "./file-access.ts";

describe("Access to a file with a secret", () => {
  const self = { uid: geteuid?.() ?? -1, gid: getegid?.() ?? -1 };
  const [otherUser, otherGroup] = [self.uid + 1, 54_321];
  const mounted = { uid: otherUser, gid: self.gid };

  it("is exposed if any user outside the CA's groups may read it, or if the group may write it", () => {
    for (const mode of [0o444, 0o644, 0o604, 0o660, 0o460, 0o650, 0o441])
      assert.equal(isExposed({ ...mounted, mode }), true, mode.toString(8));
    for (const mode of [0o440, 0o640]) {
      assert.equal(isExposed({ uid: otherUser, gid: otherGroup, mode }), true);
      assert.equal(isExposed({ uid: self.uid, gid: otherGroup, mode }), true);
    }
  });

  it("is not exposed if only its owner may read it, or the CA's group a file of another user", () => {
    for (const mode of [0o400, 0o600]) assert.equal(isExposed({ ...self, mode }), false);
    for (const mode of [0o440, 0o640]) assert.equal(isExposed({ ...mounted, mode }), false);
    assert.equal(isExposed({ ...self, mode: 0o440 }), false);
  });

  it("is not exposed if it is a credential of systemd, which only root and an access control list open", () => {
    assert.equal(isExposed({ uid: 0, gid: 0, mode: 0o440 }), false);
    for (const mode of [0o460, 0o444]) assert.equal(isExposed({ uid: 0, gid: 0, mode }), true);
    assert.equal(isExposed({ uid: 0, gid: otherGroup, mode: 0o440 }), true);
  });

  it("is exposed if the CA owns the file and could make it private", () => {
    assert.equal(isExposed({ ...self, mode: 0o640 }), true);
  });
});
