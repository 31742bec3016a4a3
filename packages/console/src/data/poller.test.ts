import assert from "node:assert/strict";
import type { PolledAnswer } from "./polled-answer.ts";
import { Poller } from "./poller.ts";

/** A command that replies as told, and a page that waits only when told. */
function setUp(replies: readonly (Response | Error)[]) {
  const asked: (string | undefined)[] = [];
  const waits: { readonly ms: number; readonly run: () => void }[] = [];
  const answers: PolledAnswer<{ readonly n: number }>[] = [];
  const page = { visible: true, now: 1000, requestMs: 10 };
  const fetchNext = async (_path: unknown, init?: RequestInit) => {
    asked.push(new Headers(init?.headers).get("if-none-match") ?? undefined);
    page.now += page.requestMs;
    const reply = replies[asked.length - 1] ?? new Error("no reply left");
    if (reply instanceof Error) throw reply;
    return reply;
  };
  const poller = new Poller<{ readonly n: number }>(
    "/api/status",
    {
      fetch: fetchNext,
      now: () => page.now,
      after: (ms, run) => {
        waits.push({ ms, run });
        return () => {};
      },
      isVisible: () => page.visible,
    },
    (answer) => answers.push(answer),
  );
  return { poller, asked, waits, answers, page };
}

const data = (n: number, headers: Record<string, string> = {}) => Response.json({ n }, { headers });

describe("the poller", () => {
  it("keeps the last data, its age and the start of the failure when the command ends", async () => {
    const { poller, answers, page } = setUp([data(1), new TypeError("refused"), new TypeError("refused")]);
    await poller.poll();
    page.now = 5000;
    await poller.poll();
    await poller.poll();
    assert.deepEqual(answers[0], { data: { n: 1 }, receivedAt: 1010, confirmedAt: 1010 });
    const { failure, ...kept } = answers[2] ?? {};
    assert.deepEqual(kept, { data: { n: 1 }, receivedAt: 1010, confirmedAt: 1010 });
    assert.equal(failure?.kind, "ended");
    assert.equal(failure?.since, 5010);
  });

  it("reports the command's own error, a missing session, and a reply that is no JSON", async () => {
    const error = { code: "ADMIN_UNREACHABLE", message: "no CA answers", fix: "start it" };
    const { poller, answers } = setUp([
      Response.json(error, { status: 503 }),
      new Response("", { status: 401 }),
      new Response("<html>"),
      Response.json(null, { status: 500 }),
    ]);
    for (let count = 0; count < 4; count++) await poller.poll();
    assert.deepEqual(answers[0]?.failure?.error, error);
    assert.deepEqual(
      answers.map(({ failure }) => failure?.kind),
      ["refused", "session", "ended", "refused"],
    );
    assert.equal(answers[3]?.failure?.error.code, "HTTP_500");
  });

  it("recovers: a later answer removes the failure", async () => {
    const { poller, answers } = setUp([new TypeError("refused"), data(2)]);
    await poller.poll();
    await poller.poll();
    assert.deepEqual(answers[1]?.data, { n: 2 });
    assert.equal(answers[1]?.failure, undefined);
  });

  it("sends the tag of the last answer, and keeps the same data if nothing has changed", async () => {
    const { poller, asked, answers } = setUp([data(1, { etag: '"a"' }), new Response(null, { status: 304 })]);
    await poller.poll();
    await poller.poll();
    assert.deepEqual(asked, [undefined, '"a"']);
    assert.equal(answers[1]?.data, answers[0]?.data);
    assert.equal(answers[1]?.receivedAt, 1010);
    assert.equal(answers[1]?.confirmedAt, 1020);
  });

  it("asks only while the page is visible, and again as soon as it is", async () => {
    const { poller, asked, page } = setUp([data(1)]);
    page.visible = false;
    await poller.poll();
    assert.equal(asked.length, 0);
    page.visible = true;
    await poller.poll();
    assert.equal(asked.length, 1);
  });

  it("has one request on its way at most, and none after it was stopped", async () => {
    const { poller, asked, answers, waits } = setUp([data(1), data(2)]);
    await Promise.all([poller.poll(), poller.poll()]);
    assert.equal(asked.length, 1);
    poller.stop();
    waits[0]?.run();
    await poller.poll();
    assert.equal(asked.length, 1);
    assert.equal(answers.length, 1);
  });

  it("waits five seconds, and longer after an answer that took long", async () => {
    const { poller, waits, page } = setUp([data(1), data(2)]);
    await poller.poll();
    page.requestMs = 7500;
    await poller.poll();
    assert.deepEqual(
      waits.map(({ ms }) => ms),
      [5000, 30_000],
    );
  });
});
