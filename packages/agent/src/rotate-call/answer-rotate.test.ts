import assert from "node:assert/strict";
import { FakeClock, mintSecret } from "@kasbah/testkit";
import { SecretStore } from "../secret/secret-store.ts";
import { answerRotate } from "./answer-rotate.ts";

describe("answerRotate", () => {
  const { signal } = new AbortController();
  const files = { settled: async () => undefined };

  it("answers that mounted certificates are renewed by another program, and names the served serial", async () => {
    const store = new SecretStore(new FakeClock());
    const secret = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:00Z"), ttlMs: 1_000 });
    store.publish(secret);
    const reply = await answerRotate({ demand: undefined, store, files }, signal);
    assert.ok(!reply.rotated);
    assert.deepEqual(
      [reply.code, reply.serial, reply.retryInMs],
      ["ROTATION_UNSUPPORTED", secret.leaf.serial, null],
    );
  });

  it("does not show the message of an unexpected error, which may contain anything", async () => {
    const failure = { error: new Error("secret"), code: "UNEXPECTED", retryInMs: 1.5 };
    const reply = await answerRotate(
      { demand: { request: async () => ({ failure }) }, store: new SecretStore(new FakeClock()), files },
      signal,
    );
    assert.ok(!reply.rotated);
    assert.deepEqual([reply.message, reply.serial, reply.retryInMs], ["internal error", null, 2]);
  });
});
