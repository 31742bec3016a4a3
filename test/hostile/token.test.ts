import assert from "node:assert/strict";
import { MeshError } from "@kasbah/pki";
import { assertCpuTimeBelow } from "@kasbah/testkit";
import { authorizationOf, type Case, type Verdict } from "../harness/tokens/case.ts";
import { cases } from "../harness/tokens/cases.ts";
import { openJudge, type Seen } from "../harness/tokens/judge.ts";

const classes = [...new Set(cases.map((each) => each.class))];
const budgetMs = 50;

/** The parts of a token that a reader of a log could use or search for. */
function secretsOf(each: Case): readonly string[] {
  const tokens = authorizationOf(each).map((value) => value.replace(/^\S*\s+/, ""));
  const parts = tokens.flatMap((token) => [token, ...token.split(".")]);
  return parts.filter((part) => part.length >= 12);
}

function codeOf({ error }: { readonly error: unknown }): string {
  return error instanceof MeshError ? error.code : `internal error: ${String(error)}`;
}

function isRight(verdict: Verdict, seen: Seen): boolean {
  if ("accepted" in seen) return "accepted" in verdict && verdict.accepted === seen.accepted;
  return "refused" in verdict && verdict.refused.some((code) => code === codeOf(seen));
}

/** The texts of an error that may be logged: its message and those of its causes. */
function* messagesOf(error: unknown): Generator<string> {
  for (let each = error; each instanceof Error; each = each.cause) yield each.message;
}

describe("Table of hostile tokens", () => {
  const judge = openJudge();
  const see = async (each: Case) => ({ each, seen: await judge(authorizationOf(each)) });

  it("contains hundreds of tokens with unique names", () => {
    assert.ok(cases.length >= 160, `${cases.length}`);
    const names = cases.map((each) => `${each.class}: ${each.name}`);
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    const good = cases.filter(({ verdict }) => "accepted" in verdict).length;
    process.stdout.write(
      `      ${cases.length} tokens in ${classes.length} classes, ${good} of them valid\n`,
    );
  });

  for (const name of classes) {
    it(`gets the expected verdict for each token in the class ${name}`, async () => {
      const wrong: string[] = [];
      for (const each of cases.filter((one) => one.class === name)) {
        const { seen } = await see(each);
        if (isRight(each.verdict, seen)) continue;
        const got = "accepted" in seen ? `accepted as ${seen.accepted}` : codeOf(seen);
        wrong.push(`${each.name}: expected ${JSON.stringify(each.verdict)}, seen ${got}`);
      }
      assert.deepEqual(wrong, []);
    });
  }

  it("produces refusals with a code and without any part of the token", async () => {
    const leaks: string[] = [];
    for (const each of cases) {
      const { seen } = await see(each);
      if ("accepted" in seen) continue;
      if (!(seen.error instanceof MeshError)) leaks.push(`${each.name}: no coded error`);
      const messages = [...messagesOf(seen.error)];
      const secrets = ["eyJ", ...secretsOf(each)];
      if (secrets.some((secret) => messages.some((message) => message.includes(secret)))) {
        leaks.push(`${each.name}: a message of ${codeOf(seen)} contains a part of the token`);
      }
    }
    assert.deepEqual(leaks, []);
  });

  it("is processed quickly, so that no token blocks other callers", async () => {
    const slow: string[] = [];
    for (const each of cases) {
      await assertCpuTimeBelow(budgetMs, () => see(each)).catch((error) =>
        slow.push(`${each.name}: ${error}`),
      );
    }
    assert.deepEqual(slow, []);
  });
});
