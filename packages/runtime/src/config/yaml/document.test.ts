import assert from "node:assert/strict";
import { assertCpuTimeBelow } from "@kasbah/testkit";
import fc from "fast-check";
import { z } from "zod";
import { readYamlDocument } from "./document.ts";

const schema = z.strictObject({
  version: z.literal(1, "expected version: 1"),
  rules: z.array(z.strictObject({ name: z.string().min(1), limit: z.number().optional() })).min(1),
});
const read = (text: string) => readYamlDocument("f.yaml", text, schema);

function problemsOf(text: string): readonly string[] {
  const outcome = read(text);
  return outcome.ok ? assert.fail(`read as ${JSON.stringify(outcome.value)}`) : outcome.problems;
}

/** The location that each problem names. */
const placesOf = (text: string) => problemsOf(text).map((problem) => problem.split(":", 1)[0]);

const good = "version: 1\nrules:\n  - name: a\n";

describe("readYamlDocument", () => {
  it("rejects a document larger than 256 KiB without parsing it", () => {
    const problems = problemsOf(`${good}#${"x".repeat(256 * 1024)}`);
    assert.deepEqual(problems, ["f.yaml: larger than 256 KiB"]);
    assert.ok(read(good.padEnd(256 * 1024, " ")).ok);
  });

  it("rejects a key that occurs twice, at any level", () => {
    assert.deepEqual(placesOf("version: 1\nversion: 1\nrules:\n  - name: a\n"), ["f.yaml line 2"]);
    assert.deepEqual(placesOf(`${good}    limit: 1\n    "limit": 2\n`), ["f.yaml line 5"]);
    assert.deepEqual(placesOf("version: 1\nrules: [{name: a, name: b}]\n"), ["f.yaml line 2"]);
  });

  it("rejects aliases, with which a few lines can expand to millions", async () => {
    problemsOf("version: 1\nrules: [&a {name: a}, *a]\n");
    problemsOf("version: 1\nrules: &r [*r]\n");
    problemsOf("version: 1\nrules: [*missing]\n");
    const bomb = Array.from({ length: 25 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`);
    await assertCpuTimeBelow(1_000, () => problemsOf(["a0: &a0 [x]", ...bomb].join("\n")));
  });

  it("rejects tags, which programs may act on", () => {
    for (const tag of ["!!js/function", "!!python/object", "!secret", "!<tag:example.test,2026:x>"]) {
      problemsOf(`version: 1\nrules:\n  - name: ${tag} a\n`);
    }
  });

  it("rejects keys that are not texts, because a map as a key takes a minute to print", async () => {
    problemsOf(`${good}? {a: b}\n: 1\n`);
    problemsOf(`${good}? [a]\n: 1\n`);
    await assertCpuTimeBelow(20_000, () => {
      problemsOf(`${"{".repeat(1000)}${"}".repeat(1000)}`);
      problemsOf("? ".repeat(1000));
    });
  });

  it("rejects more than one document", () => {
    problemsOf(`${good}---\n${good}`);
    problemsOf(`${good}---\n`);
    assert.ok(read(`---\n${good}...\n`).ok);
  });

  it("does not merge <<, which is an unknown key like any other", () => {
    assert.match(problemsOf(`${good}<<: {version: 1}\n`).join(), /<</);
  });

  it("reports syntax errors with their lines", () => {
    assert.deepEqual(placesOf("version: 1\nrules: [\n"), ["f.yaml line 3"]);
    assert.deepEqual(placesOf("version: 1\nrules:\n\t- name: a\n").at(0), "f.yaml line 3");
    assert.ok(placesOf('version: 1\nrules: "\n').length > 0);
  });

  it("reports all violations of the schema in one run, each with its line and its name", () => {
    const text = "version: 2\nrules:\n  - name: ''\n    limit: many\n  - nmae: b\n";
    const problems = problemsOf(text);
    assert.match(problems.join("\n"), /^f\.yaml line 1: version expected version: 1$/m);
    assert.match(problems.join("\n"), /^f\.yaml line 3: rules\.0\.name /m);
    assert.match(problems.join("\n"), /^f\.yaml line 4: rules\.0\.limit /m);
    assert.match(problems.join("\n"), /^f\.yaml line 5: rules\.1\.name /m);
    assert.match(problems.join("\n"), /^f\.yaml line 5: rules\.1 .*nmae/m);
    assert.equal(problems.length, 5);
  });

  it("reports a missing key at the line where it belongs", () => {
    const problems = problemsOf("# first\n\nversion: 1\n");
    assert.match(problems.join(), /^f\.yaml line 3: rules /);
  });

  it("reports a document that is empty or only a value as a problem of the file", () => {
    for (const text of ["", "# nothing\n", "null", "[]", "1", "yes"]) {
      for (const problem of problemsOf(text)) assert.match(problem, /^f\.yaml( line \d)?: /);
    }
  });

  it("escapes contents that would forge log lines", () => {
    const treacherous = ["a\u001b[31mb", "a\u202eb", "a\u2028b", "a\u0000b", "a\nb"];
    for (const text of treacherous) {
      for (const document of [`${JSON.stringify(text)}: 1`, `rules: ${text}\n\t:`, `!${text} x: [`]) {
        for (const problem of problemsOf(document))
          assert.doesNotMatch(problem, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }
    }
  });

  it("limits the length of problems, even for long keys", () => {
    for (const problem of problemsOf(`${good}${"k".repeat(100_000)}: 1\n`)) assert.ok(problem.length < 1_000);
  });

  it("follows YAML 1.2: no is a text, and octal is written 0o", () => {
    const values = z.record(z.string(), z.unknown());
    const outcome = readYamlDocument("f.yaml", "a: no\nb: 010\nc: 0o10\nd: 1:30\ne: ~\n", values);
    assert.deepEqual(outcome, { ok: true, value: { a: "no", b: 10, c: 8, d: "1:30", e: null } });
  });

  it("reads JSON, because JSON is YAML", () => {
    const value = { version: 1, rules: [{ name: "a", limit: 2 }] };
    assert.deepEqual(read(`${good}    limit: 2 # comment\n`), { ok: true, value });
    assert.deepEqual(read(JSON.stringify(value)), { ok: true, value });
  });

  it("returns a value or printable problems for any input", () => {
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom(
        "version: 1",
        "rules:",
        "  - name: a",
        "- &a b",
        "*a",
        "---",
        "!!x y",
        "? z",
        "|",
        "{[",
        "%YAML 3",
      ),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
        const outcome = read(lines.join("\n"));
        if (outcome.ok) return assert.equal(outcome.value.version, 1);
        assert.ok(outcome.problems.length > 0);
        for (const problem of outcome.problems) assert.match(problem, /^f\.yaml[ :][^\p{Cc}\p{Zl}\p{Zp}]*$/u);
      }),
      { numRuns: 500 },
    );
  });
});
