import assert from "node:assert/strict";
import { FakeClock } from "@kasbah/testkit";
import { SharedAnswers } from "./shared-answers.ts";

describe("Shared answers", () => {
  const create = () => {
    const clock = new FakeClock();
    const asked: string[] = [];
    const shared = new SharedAnswers<string>({ clock, maxAgeMs: 1500 });
    const ask = (question: string, answer: () => Promise<string> = async () => `answer to ${question}`) =>
      shared.get(question, () => {
        asked.push(question);
        return answer();
      });
    return { clock, asked, ask };
  };

  it("ask once for everyone who waits, however long it takes, and for everyone soon after", async () => {
    const { clock, asked, ask } = create();
    const slow = Promise.withResolvers<string>();
    const waiting = [ask("a", () => slow.promise), ask("a")];
    await clock.advance(60_000);
    waiting.push(ask("a"));
    slow.resolve("late");
    assert.deepEqual(await Promise.all(waiting), ["late", "late", "late"]);
    await clock.advance(1499);
    await ask("a");
    assert.deepEqual(asked, ["a"]);
    await clock.advance(1);
    await ask("a");
    assert.deepEqual(asked, ["a", "a"]);
  });

  it("ask different questions one at a time", async () => {
    const { asked, ask } = create();
    const slow = Promise.withResolvers<string>();
    const first = ask("a", () => slow.promise);
    const second = ask("b");
    await Promise.resolve();
    assert.deepEqual(asked, ["a"]);
    slow.resolve("done");
    await Promise.all([first, second]);
    assert.deepEqual(asked, ["a", "b"]);
  });

  it("share a failure, and ask again after a moment", async () => {
    const { clock, asked, ask } = create();
    const fail = () => Promise.reject(new Error("no CA"));
    await assert.rejects(ask("a", fail), /no CA/);
    await assert.rejects(ask("a", fail), /no CA/);
    assert.equal(asked.length, 1);
    await clock.advance(1500);
    assert.equal(await ask("a"), "answer to a");
  });

  it("keep a limited number of answers", async () => {
    const { asked, ask } = create();
    for (let index = 0; index < 17; index++) await ask(`since ${index}`);
    await ask("since 16");
    assert.equal(asked.length, 17);
    await ask("since 0");
    assert.equal(asked.length, 18);
  });
});
