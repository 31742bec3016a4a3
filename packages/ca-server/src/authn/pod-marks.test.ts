import assert from "node:assert/strict";
import { PodMarks, podTag } from "./pod-marks.ts";

const now = new Date("2030-01-01T00:00:00Z");

describe("PodMarks", () => {
  const goneAre = (...uids: readonly string[]) => ({
    isTagKnown: (tag: string) => tag === podTag("known"),
    isTagGone: (tag: string) => uids.map(podTag).includes(tag),
  });
  const marksOf = (accountUid: string | undefined, ...gone: readonly string[]) =>
    new PodMarks({ accountUid, pods: goneAre(...gone) });

  it("tells whether the pod of a mark is gone, as every replica with the same account does", () => {
    const mark = marksOf("account").markOf("one");
    assert.match(mark ?? "", /^[0-9a-f]{16}$/);
    assert.equal(marksOf("account", "one").isGone(mark, now), true);
    assert.equal(marksOf("account", "another").isGone(mark, now), false);
  });

  it("judges no mark of another cluster, in which the pod may well exist", () => {
    const mark = marksOf("account of another cluster").markOf("one");
    assert.equal(marksOf("account", "one").isGone(mark, now), false);
  });

  it("judges no certificate without a mark, and none while the CA watches no pods", () => {
    assert.equal(marksOf("account", "one").isGone(undefined, now), false);
    const blind = new PodMarks({ accountUid: "account", pods: undefined });
    assert.equal(blind.isGone(blind.markOf("one"), now), false);
  });

  it("names the issuer of this cluster for its own marks, and for no other", () => {
    const marks = new PodMarks({ accountUid: "account", issuer: "https://cluster.test", pods: undefined });
    assert.equal(marks.issuerOf(marks.markOf("one")), "https://cluster.test");
    assert.equal(marks.issuerOf(marksOf("account of another cluster").markOf("one")), undefined);
    assert.equal(marks.issuerOf(undefined), undefined);
    assert.equal(marksOf("account").issuerOf(marks.markOf("one")), undefined);
  });

  it("creates no mark if the CA cannot tell its cluster from others", () => {
    assert.equal(marksOf(undefined).markOf("one"), undefined);
  });

  it("marks only pods that the CA sees, for tokens whose issuer may be that of another cluster", () => {
    const marks = marksOf("account");
    assert.equal(marks.markOfSeen("known"), marks.markOf("known"));
    assert.equal(marks.markOfSeen("unseen"), undefined);
  });
});
