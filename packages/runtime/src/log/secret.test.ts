import assert from "node:assert/strict";
import { format, inspect } from "node:util";
import { Secret } from "./secret.ts";

describe("Secret", () => {
  const secret = new Secret("hunter2");

  it("is redacted in every form of output", () => {
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret, { showHidden: true, depth: 9 }),
      inspect({ deep: [secret] }),
      format("%s %o %j", secret, secret, secret),
      Object.entries(secret).join(),
    ].join("\n");
    assert.doesNotMatch(shown, /hunter2/);
    assert.match(shown, /\[redacted\]/);
  });

  it("returns its value from reveal", () => {
    assert.equal(secret.reveal(), "hunter2");
  });
});
