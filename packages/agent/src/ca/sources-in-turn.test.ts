import assert from "node:assert/strict";
import type { HostPort } from "@kasbah/runtime";
import { mintSecret, rejectsWithCode } from "@kasbah/testkit";
import { AgentError, type AgentErrorCode } from "../errors.ts";
import type { FetchedSecret } from "../rotation/rotator.ts";
import { type SourceAt, SourcesInTurn } from "./sources-in-turn.ts";

const never = new AbortController().signal;

describe("SourcesInTurn", () => {
  let secret: FetchedSecret;
  let asked: string[];
  let failures: Map<string, unknown>;

  before(async () => {
    secret = await mintSecret({ receivedAt: new Date("2030-01-01T00:00:00Z"), ttlMs: 60_000 });
  });

  beforeEach(() => {
    asked = [];
    failures = new Map();
  });

  const at = (host: string): SourceAt => {
    const address: HostPort = { host, port: 15012 };
    return {
      address,
      source: {
        async fetch() {
          asked.push(host);
          if (failures.has(host)) throw failures.get(host);
          return secret;
        },
      },
    };
  };
  const fails = (host: string, code: AgentErrorCode, retryAfterMs?: number) =>
    failures.set(host, new AgentError(code, "no", retryAfterMs === undefined ? {} : { retryAfterMs }));

  it("tries no other CA after a refusal or a local error", async () => {
    const codes = [
      "CA_REFUSED",
      "TOKEN_EXPIRED",
      "TOKEN_UNREADABLE",
      "ROOTS_UNREADABLE",
      "CONFIG_INVALID",
    ] as const;
    for (const code of codes) {
      asked = [];
      fails("a", code);
      await rejectsWithCode(new SourcesInTurn([at("a"), at("b")]).fetch(never), code);
      assert.deepEqual(asked, ["a"]);
    }
  });

  it("starts the next attempt with the next CA after a refusal", async () => {
    fails("a", "CA_REFUSED");
    const both = new SourcesInTurn([at("a"), at("b")]);
    await rejectsWithCode(both.fetch(never), "CA_REFUSED");
    assert.equal(await both.fetch(never), secret);
    assert.deepEqual(asked, ["a", "b"]);
  });

  it("tries no other CA after its signal aborts", async () => {
    failures.set("a", new DOMException("stop", "AbortError"));
    await assert.rejects(new SourcesInTurn([at("a"), at("b")]).fetch(never), { name: "AbortError" });
    assert.deepEqual(asked, ["a"]);
  });

  it("tries each CA once, in order, and reports the error of each", async () => {
    fails("a", "CA_UNREACHABLE");
    fails("b", "CA_UNAVAILABLE", 9_000);
    fails("c", "CA_UNAVAILABLE", 7_000);
    const error: unknown = await rejectsWithCode(
      new SourcesInTurn([at("a"), at("b"), at("c")]).fetch(never),
      "CA_UNAVAILABLE",
    );
    assert.ok(error instanceof AgentError);
    assert.deepEqual(asked, ["a", "b", "c"]);
    assert.match(error.message, /a:15012: CA_UNREACHABLE, no; b:15012: CA_UNAVAILABLE/);
    assert.equal(error.retryAfterMs, 7_000);
  });

  it("reports an invalid reply even if other CAs are unreachable", async () => {
    fails("a", "CA_REPLY_INVALID");
    fails("b", "CA_UNREACHABLE");
    await rejectsWithCode(new SourcesInTurn([at("a"), at("b")]).fetch(never), "CA_REPLY_INVALID");
  });

  it("starts with the CA that succeeded last", async () => {
    const sources = new SourcesInTurn([at("a"), at("b"), at("c")]);
    fails("a", "CA_UNREACHABLE");
    await sources.fetch(never);
    failures.clear();
    await sources.fetch(never);
    assert.deepEqual(asked, ["a", "b", "b"]);
    fails("b", "CA_REPLY_INVALID");
    await sources.fetch(never);
    assert.deepEqual(asked.slice(3), ["b", "c"]);
  });

  it("passes on the error of a single CA unchanged", async () => {
    fails("a", "CA_UNAVAILABLE", 5_000);
    await assert.rejects(new SourcesInTurn([at("a")]).fetch(never), (error) => error === failures.get("a"));
  });
});
