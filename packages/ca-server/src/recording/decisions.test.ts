import assert from "node:assert/strict";
import { type IssuedEntry, parseEntry, type RefusedEntry } from "@kasbah/ledger";
import { rejectsWithCode } from "@kasbah/testkit";
import { CaError } from "../errors.ts";
import { caller, frontend } from "../issuance/open-admission.fixture.ts";
import { Decisions } from "./decisions.ts";
import type { CallRefusal } from "./entries/refused-entry.ts";
import { issuanceFacts } from "./issuance-facts.fixture.ts";

const refusal: CallRefusal = {
  time: new Date("2030-01-01T00:00:00Z"),
  referenceId: "ref",
  peerAddress: "10.0.0.1:5",
  code: "CSR_MALFORMED",
  known: { caller, subject: frontend },
  error: new CaError("CSR_MALFORMED", "no PEM block", { fix: "send one" }),
};
const unauthenticatedRefusal: CallRefusal = { ...refusal, code: "TOKEN_MISSING", known: {} };

describe("Decisions", () => {
  let appended: ReturnType<typeof parseEntry>[];
  let unauthenticated: RefusedEntry[];
  let issued: IssuedEntry[];
  let disk: Promise<void>;
  let mayTake: (who: string) => boolean;
  let decisions: Decisions;

  beforeEach(() => {
    [appended, unauthenticated, issued, disk, mayTake] = [[], [], [], Promise.resolve(), () => true];
    decisions = new Decisions({
      log: {
        append: async (entry) => {
          await disk;
          appended.push(parseEntry(entry));
        },
      },
      limit: { take: (who) => mayTake(who) },
      unauthenticated: { count: () => undefined, add: (entry) => void unauthenticated.push(entry) },
      onIssued: (entry) => void issued.push(entry),
    });
  });

  const broken = () => {
    disk = Promise.reject(new CaError("LEDGER_UNAVAILABLE", "no space left"));
    disk.catch(() => undefined);
  };

  it("finds the newest decision of a trace of any number of calls, and keeps as many entries as without traces", async () => {
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    for (let call = 0; call < 10_500; call++)
      await decisions.refused({ ...unauthenticatedRefusal, referenceId: `r${call}`, traceId });
    assert.equal(decisions.find(traceId)?.referenceId, "r10499");
    assert.equal(decisions.find("r0"), undefined);
    await decisions.record({ ...(await issuanceFacts()), traceId: traceId.replace("4", "5") });
    assert.equal(decisions.find(traceId.replace("4", "5"))?.kind, "issued");
    assert.equal(decisions.find("0".repeat(32)), undefined);
  });

  it("never waits for the refusal of an unauthenticated caller, even if the disk hangs or fails", async () => {
    broken();
    await decisions.refused(unauthenticatedRefusal);
    assert.deepEqual([appended.length, unauthenticated.length], [0, 1]);
    assert.equal(unauthenticated[0]?.caller, undefined);
  });

  it("treats an authenticated caller that is refused repeatedly as an unauthenticated one, per pod", async () => {
    const asked: string[] = [];
    mayTake = (who) => asked.push(who) <= 1;
    await decisions.refused(refusal);
    await decisions.refused({ ...refusal, known: { caller: { ...caller, pod: { name: "a", uid: "u" } } } });
    assert.deepEqual([appended.length, unauthenticated.length], [1, 1]);
    assert.deepEqual(asked, [` ${frontend}`, `u ${frontend}`]);
  });

  it("fails if an entry may not be durable, and does not report a certificate that was not recorded", async () => {
    broken();
    await rejectsWithCode(decisions.record(await issuanceFacts()), "LEDGER_UNAVAILABLE");
    await rejectsWithCode(decisions.refused(refusal), "LEDGER_UNAVAILABLE");
    assert.deepEqual([appended.length, issued.length], [0, 0]);
  });

  it("records certificates and refusals of authenticated callers, with the facts that the caller got", async () => {
    await decisions.record(await issuanceFacts());
    await decisions.refused(refusal);
    assert.deepEqual(
      appended.map(({ kind }) => kind),
      ["issued", "refused"],
    );
    const [, refused] = appended;
    assert.ok(refused?.kind === "refused");
    assert.deepEqual(
      [refused.problem, refused.fix, refused.spiffeId],
      ["no PEM block", "send one", `${frontend}`],
    );
    assert.equal(issued.length, 1);
  });

  it("remembers the last 10 000 refusals by their reference ids, whichever of them were looked up", async () => {
    for (let number = 0; number < 10_001; number += 1) {
      await decisions.refused({ ...unauthenticatedRefusal, referenceId: `ref ${number}` });
      decisions.find("ref 0");
    }
    assert.equal(decisions.find("ref 0"), undefined);
    assert.equal(decisions.find("ref 1")?.referenceId, "ref 1");
    assert.equal(decisions.find("ref 10000")?.referenceId, "ref 10000");
    for (const reference of ["", "__proto__", "constructor"])
      assert.equal(decisions.find(reference), undefined);
  });

  it("remembers the last 1 000 certificates, beside the refusals, even those that could not be recorded", async () => {
    const facts = await issuanceFacts();
    await decisions.refused(unauthenticatedRefusal);
    for (let number = 0; number < 1_000; number += 1)
      await decisions.record({ ...facts, referenceId: `certificate ${number}` });
    broken();
    await rejectsWithCode(decisions.record({ ...facts, referenceId: "unrecorded" }), "LEDGER_UNAVAILABLE");
    const found = ["ref", "certificate 0", "certificate 1", "unrecorded"].map((reference) =>
      decisions.find(reference),
    );
    assert.deepEqual(
      found.map((entry) => entry?.kind),
      ["refused", undefined, "issued", "issued"],
    );
  });
});
