import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createTokenIssuer } from "@kasbah/certs-dev";
import { eventually, FakeClock, temporaryDirectory } from "@kasbah/testkit";
import { isTokenDue, keepToken, writeNewToken } from "./token-renewal.ts";

const start = new Date("2030-01-01T00:00:00Z");
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const identity = { namespace: "demo", serviceAccount: "web" };

const expiryIn = (token: string) => {
  const [, claims = ""] = token.split(".");
  return JSON.parse(Buffer.from(claims, "base64url").toString()).exp * 1000;
};

describe("The token of a run", () => {
  it("is due after half of its hour, and if the clock was set back", () => {
    const after = (minutes: number) => isTokenDue(start, new Date(start.getTime() + minutes * minuteMs));
    assert.deepEqual(
      [after(0), after(29), after(30), after(600), after(-1)],
      [false, false, true, true, true],
    );
  });

  it("never expires while the run lasts, even if the machine was suspended, and is replaced until the run ends", async () => {
    await using directory = await temporaryDirectory();
    const clock = new FakeClock(start);
    const issuer = await createTokenIssuer({ issuer: "https://dev.invalid" });
    const file = { path: directory.join("token"), issuer, identity };
    const expiry = async () => expiryIn(await readFile(file.path, "utf8"));
    await writeNewToken(file, clock);
    const ended = new AbortController();
    const renewal = keepToken(file, clock, ended.signal);
    for (const suspendedMs of [0, 0, 5 * hourMs]) {
      const before = await expiry();
      if (suspendedMs > 0) clock.suspend(suspendedMs);
      else await clock.advance(31 * minuteMs);
      await eventually(async () => {
        await clock.advance(30_000);
        return (await expiry()) > Math.max(before, clock.now().getTime());
      });
    }
    ended.abort();
    await renewal;
  });
});
