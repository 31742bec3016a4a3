import assert from "node:assert/strict";
import { RecordedSpans } from "@kasbah/testkit";
import type { CaCall, CertificateAuthority } from "../../ca/ca-client.ts";
import { AgentError } from "../../errors.ts";
import { traceRotations } from "./rotation-spans.ts";

describe("The trace of a rotation", () => {
  const { signal } = new AbortController();
  let spans: RecordedSpans;
  let calls: CaCall[];

  beforeEach(() => {
    spans = new RecordedSpans();
    calls = [];
  });

  /** An attempt that calls one CA after another until one answers. */
  function attempt(...answers: readonly (Error | undefined)[]) {
    const tracing = traceRotations(spans);
    const authorityWith = (answer: Error | undefined): CertificateAuthority => ({
      async createCertificate(call) {
        calls.push(call);
        if (answer !== undefined) throw answer;
        return [];
      },
    });
    const authorities = answers.map((answer) => tracing.traceCalls(authorityWith(answer)));
    const source = tracing.traceRotations({
      async fetch() {
        for (const authority of authorities) {
          const isDone = await authority.createCertificate({} as CaCall, signal).then(
            () => true,
            () => false,
          );
          if (isDone) return {} as never;
        }
        throw new AgentError("CA_REFUSED", "no CA answered");
      },
    });
    return source.fetch(signal);
  }

  it("has a client span for each call, whose ids the CA gets in the header", async () => {
    await attempt(new AgentError("CA_UNREACHABLE", "down"), undefined);
    const [rotation, first, second] = spans.started;
    assert.deepEqual(
      spans.started.map(({ name, start, error }) => [name.replace(/.*\//, ""), start.kind, error]),
      [
        ["rotate", "internal", undefined],
        ["CreateCertificate", "client", "CA_UNREACHABLE"],
        ["CreateCertificate", "client", undefined],
      ],
    );
    for (const call of [first, second]) assert.equal(call?.start.parent, rotation?.context);
    assert.deepEqual(
      calls.map(({ traceparent }) => traceparent),
      [first, second].map((span) => `00-${span?.context.traceId}-${span?.context.spanId}-01`),
    );
    assert.deepEqual(spans.open, []);
  });

  it("ends with the code of the failed attempt, and the next attempt is a trace of its own", async () => {
    await assert.rejects(attempt(new Error("a bug")));
    await attempt(undefined);
    const rotations = spans.started.filter(({ name }) => name === "rotate");
    assert.deepEqual(
      rotations.map(({ error }) => error),
      ["CA_REFUSED", undefined],
    );
    assert.equal(spans.started[1]?.error, "UNEXPECTED");
    assert.notEqual(rotations[0]?.context.traceId, rotations[1]?.context.traceId);
  });
});
