import assert from "node:assert/strict";
import { Sessions } from "./sessions.ts";

describe("Sessions of the console", () => {
  const create = (port = 7878) => {
    let drawn = 0;
    return new Sessions({ newSecret: () => `secret-${++drawn}`, port });
  };
  const pair = (cookie = "") => cookie.split(";", 1)[0] ?? "";

  it("open once for the link, with a cookie that no script can read and no other site can send", () => {
    const sessions = create();
    const cookie = sessions.open(sessions.createLink());
    assert.equal(cookie, "kasbah-console-7878=secret-2; Path=/; HttpOnly; SameSite=Strict");
    assert.equal(sessions.open("secret-1"), undefined);
    assert.ok(sessions.isOpen(pair(cookie)));
  });

  it("stay open when the used link is opened again", () => {
    const sessions = create();
    const link = sessions.createLink();
    const cookie = pair(sessions.open(link));
    for (const wrong of [link, "", "secret-2"]) assert.equal(sessions.open(wrong), undefined);
    assert.ok(sessions.isOpen(cookie));
  });

  it("do not open for a wrong token, and the link stays valid", () => {
    const sessions = create();
    const link = sessions.createLink();
    for (const wrong of ["", "secret", "secret-11", link.toUpperCase()])
      assert.equal(sessions.open(wrong), undefined);
    assert.ok(sessions.open(link) !== undefined);
  });

  it("accept neither a request without the cookie, nor the cookie of another port or an empty one", () => {
    const sessions = create();
    const cookie = pair(sessions.open(sessions.createLink()));
    const [, value = ""] = cookie.split("=");
    const foreign = ["", value, `kasbah-console-7879=${value}`, "kasbah-console-7878=", `x${cookie}`];
    for (const cookies of foreign) assert.equal(sessions.isOpen(cookies), false, cookies);
    assert.ok(sessions.isOpen(`a=b; ${cookie}; c=d`));
    assert.equal(create().isOpen("kasbah-console-7878="), false);
  });
});
