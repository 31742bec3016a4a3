import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { rejectsWithCode, temporaryDirectory, throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { PolicyError } from "../../errors.ts";
import { openTerms } from "../../issuance/rules.ts";
import { loadPolicy, parsePolicy } from "./file.ts";

function problemsOf(text: string): readonly string[] {
  const error = throwsWithCode(() => parsePolicy("p.yaml", text), "POLICY_INVALID");
  assert.ok(error instanceof PolicyError);
  return error.problems;
}

const full = `
version: 1
rules:
  - name: payments
    issuers: [https://prod.test]
    namespaces: [payments, pay-*]
    serviceAccounts: ["*"]
    allow: true
    ttl: { default: 30m, max: 1h, onExcess: refuse }
    keyTypes: [P-256, RSA-2048]
    dnsNames: ["{serviceAccount}.{namespace}.svc"]
    onForeignNames: refuse
    onSharedKey: refuse
    rate: { perMinute: 0.5, burst: 20 }
  - name: no-batch
    serviceAccounts: [batch]
    allow: false
    reason: batch jobs use the other CA
default: { allow: true }
globalRate: { perMinute: 600, burst: 100 }
`;

describe("parsePolicy", () => {
  const { stackTraceLimit } = Error;

  // Mocha keeps whole stack traces, and hostile texts cause many errors on deep stacks.
  before(() => {
    Error.stackTraceLimit = 10;
  });

  after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  it("parses every field of a policy file literally", () => {
    const anyName = [{ startsWith: "" }];
    assert.deepEqual(parsePolicy("p.yaml", full), {
      rules: [
        {
          name: "payments",
          issuers: ["https://prod.test"],
          namespaces: [{ exactly: "payments" }, { startsWith: "pay-" }],
          serviceAccounts: anyName,
          terms: {
            allow: true,
            defaultTtlMs: 1_800_000,
            maxTtlMs: 3_600_000,
            onExcess: "refuse",
            keyTypes: ["P-256", "RSA-2048"],
            dnsNames: ["{serviceAccount}.{namespace}.svc"],
            onForeignNames: "refuse",
            onSharedKey: "refuse",
            rate: { perMinute: 0.5, burst: 20 },
          },
        },
        {
          name: "no-batch",
          namespaces: anyName,
          serviceAccounts: [{ exactly: "batch" }],
          terms: { ...openTerms, allow: false, reason: "batch jobs use the other CA" },
        },
      ],
      fallback: openTerms,
      globalRate: { perMinute: 600, burst: 100 },
    });
  });

  it("accepts a policy with only a version and a default, which is required", () => {
    const closed = parsePolicy("p.yaml", "version: 1\ndefault: { allow: false }\n");
    assert.deepEqual(closed, { rules: [], fallback: { ...openTerms, allow: false } });
    assert.deepEqual(parsePolicy("p.json", '{"version":1,"default":{"allow":false}}'), closed);
    assert.match(String(problemsOf("version: 1\n")), /default/);
    assert.match(String(problemsOf("version: 1\ndefault: {}\n")), /line 2: default\.allow/);
  });

  it("rejects an invalid policy with every problem and its line, under the name of the file", () => {
    const text = `version: 1
rules:
  - name: Payments
    namespaces: [^pay]
    allow: maybe
  - name: no-batch
    keyTypes: [P-521]
    allow: false
default:
  allow: true
  onForeignNames: drop
`;
    const expected = [
      /^p\.yaml line 3: rules\.0\.name expected lower-case letters, digits and hyphens$/,
      /^p\.yaml line 4: rules\.0\.namespaces\.0 expected a name, or a prefix that ends with \*/,
      /^p\.yaml line 5: rules\.0\.allow .*expected boolean/,
      /^p\.yaml line 7: rules\.1\.keyTypes\.0 .*"P-256"/,
      /^p\.yaml line 11: default\.onForeignNames .*"ignore"\|"refuse"/,
    ];
    const problems = problemsOf(text);
    assert.equal(problems.length, expected.length, problems.join("\n"));
    for (const pattern of expected)
      assert.ok(
        problems.some((each) => pattern.test(each)),
        `${pattern}`,
      );
    const { message } = throwsWithCode(() => parsePolicy("p.yaml", text), "POLICY_INVALID");
    assert.equal(message, ["p.yaml is not a valid policy", ...problems].join("\n  "));
  });

  it("returns a policy or a refusal with problems for any text, and never throws anything else", () => {
    const words = fc.constantFrom(
      ...["version", "1", ": ", "\n", "  ", "- ", "default", "allow", "true", "rules", "name", "a", "*"],
      ...[
        "&a ",
        "*a",
        "<<",
        "__proto__",
        "{",
        "}",
        "[",
        "]",
        "'",
        '"',
        "|",
        "!!map ",
        "---",
        "#",
        "\u0000",
        "? ",
      ],
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(words, { maxLength: 40 }).map((list) => list.join("")),
      fc.json(),
      changed(full),
    );
    fc.assert(fc.property(texts, isPolicyOrRefusal), { numRuns: 400 });
  });

  it("rejects a policy that is nested deeper than the stack or larger than any real policy", () => {
    const hostile = [
      "[".repeat(5_000),
      "- ".repeat(5_000),
      "a: ".repeat(5_000),
      "{a: ".repeat(5_000),
      "? ".repeat(5_000),
      `${"[".repeat(5_000)}${"]".repeat(5_000)}`,
    ];
    for (const text of hostile) assert.ok(problemsOf(text).length > 0, text.slice(0, 8));
    assert.deepEqual(problemsOf("#".repeat(300_000)), ["p.yaml: larger than 256 KiB"]);
  });
});

describe("loadPolicy", () => {
  it("reports a file that cannot be read, with the cause for the log", async () => {
    await using directory = await temporaryDirectory();
    const path = directory.join("policy.yaml");
    const error = await rejectsWithCode(loadPolicy(path), "POLICY_INVALID");
    assert.equal(
      error.message,
      `cannot read ${path}: it does not exist (ENOENT); mount it, or correct the path`,
    );
    assert.match(String(error.cause), /ENOENT/);
    await writeFile(path, full);
    assert.deepEqual(await loadPolicy(path), parsePolicy(path, await readFile(path, "utf8")));
    await rejectsWithCode(loadPolicy(directory.path), "POLICY_INVALID");
  });
});

function isPolicyOrRefusal(text: string): void {
  try {
    assert.equal(typeof parsePolicy("p.yaml", text).fallback.allow, "boolean");
  } catch (error) {
    assert.ok(error instanceof PolicyError, String(error));
    assert.ok(error.problems.length > 0);
    // A file must not be able to send control sequences to the reader's terminal.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for control characters
    assert.doesNotMatch(error.problems.join(""), /[\u0000-\u001f\u007f-\u009f]/);
  }
}

/** The text with one of its characters replaced, removed or repeated. */
function changed(text: string): fc.Arbitrary<string> {
  const at = fc.nat(text.length - 1);
  const put = fc.oneof(
    fc.string({ unit: "binary", maxLength: 2 }),
    fc.constantFrom(":", "-", "\n", "&x ", "*x"),
  );
  return fc
    .tuple(at, fc.nat(1), put)
    .map(([from, cut, piece]) => text.slice(0, from) + piece + text.slice(from + cut));
}
