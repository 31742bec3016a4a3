import assert from "node:assert/strict";
import { ConfigInvalidError } from "./config-invalid-error.ts";
import { loadConfig } from "./load-config.ts";
import { option } from "./option.ts";
import * as schema from "./schemas.ts";

const options = {
  stateDir: option({
    flag: "--state-dir <dir>",
    env: "KASBAH_STATE_DIR",
    help: "state",
    schema: schema.path,
  }),
  defaultTtl: option({
    flag: "--default-ttl <duration>",
    env: "DEFAULT_WORKLOAD_CERT_TTL",
    help: "lifetime",
    schema: schema.duration,
    default: "24h",
    group: "Issuance",
  }),
  serverSan: option({
    flag: "--server-san <name>",
    env: "KASBAH_SERVER_SAN",
    help: "names",
    schema: schema.text,
    repeatable: true,
  }),
  jwks: option({
    flag: "--jwks <file>",
    env: "KASBAH_JWKS",
    help: "keys",
    schema: schema.path,
    optional: true,
  }),
  ratio: option({
    flag: "--ratio <n>",
    env: "KASBAH_RATIO",
    help: "share",
    schema: schema.ratio,
    default: "0.5",
  }),
  verbose: option({
    flag: "--verbose",
    env: "KASBAH_VERBOSE",
    help: "talk",
    schema: schema.boolean,
    default: "0",
  }),
};
const command = {
  name: "kasbah-test",
  version: "1.2.3",
  summary: "Tests the configuration.",
  examples: ["kasbah-test --state-dir /tmp/x"],
};

interface Given {
  argv?: string[];
  env?: Record<string, string>;
  file?: string;
}

function load({ argv = [], env = {}, file }: Given = {}) {
  const outcome = loadConfig(command, options, {
    argv: file === undefined ? argv : [...argv, "--config", "k.yaml"],
    env,
    readFile: () => file ?? assert.fail("no file was expected to be read"),
  });
  return outcome;
}

/** Returns the configuration, whose static type derives from the table of options. */
function run(given: Given) {
  const outcome = load(given);
  return outcome.kind === "run" ? outcome.config : assert.fail(outcome.text);
}

function problems(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError, String(error));
    assert.equal(error.code, "CONFIG_INVALID");
    return error.problems;
  }
  return assert.fail("expected CONFIG_INVALID");
}

function printed(given: Given): string {
  const outcome = load(given);
  return outcome.kind !== "run" ? outcome.text : assert.fail("expected a text");
}

const stateDir = ["--state-dir", "/s"];

describe("loadConfig", () => {
  it("reports all problems in one run, each with its place, its rule and the actual value", () => {
    const found = problems({
      argv: ["--ratio=2", "--sttae-dir=/x", "stray", "--jwks", "--verbose=yes"],
      env: { DEFAULT_WORKLOAD_CERT_TTL: "abc", KASBAH_LOG_LEVEL: "loud" },
      file: "default-tll: 1h\nserver-san: { a: b }\n",
    });
    assert.deepEqual(found, [
      'unknown flag "--sttae-dir": did you mean --state-dir?',
      "--verbose (from the command line): takes no value",
      "--jwks (from the command line): requires a value",
      'file k.yaml line 1: unknown key "default-tll": did you mean default-ttl?',
      "file k.yaml line 2: server-san: expected a list of plain values",
      "--state-dir: is required: set the flag, KASBAH_STATE_DIR or the key state-dir in the file",
      '--default-ttl (from environment DEFAULT_WORKLOAD_CERT_TTL): expected a duration such as 90s, 15m or 24h, got "abc"',
      '--ratio (from the command line): expected a number from 0 to 1 such as 0.5, got "2"',
      '--log-level (from environment KASBAH_LOG_LEVEL): expected debug, info, warn, error or silent, got "loud"',
    ]);
  });

  const badFiles: Record<string, [string, RegExp]> = {
    "a repeated key": ["jwks: a\njwks: b\n", /line 2: .*unique/],
    __proto__: ["__proto__:\n  polluted: true\n", /unknown key "__proto__"/],
    "a name of every object": ["constructor: x\n", /unknown key "constructor"/],
    "a merge key": ["a: &a { jwks: x }\n<<: *a\n", /unknown key "<<"/],
    "an alias for a value": ["state-dir: &x /s\njwks: *x\n", /line 2: jwks: expected a plain value/],
    "a list for one value": ["jwks: [a, b]\n", /jwks: expected a plain value/],
    "a key without a value": ["jwks:\n", /jwks: expected a plain value/],
    "an empty item": ["server-san: [a, '']\n", /server-san: expected a list/],
    "a key that is a list": ["[a]: b\n", /unknown key/],
    "a list at the top": ["- jwks\n", /expected keys and values/],
    "a bare word": ["hello\n", /expected keys and values/],
    "a second document": ["jwks: a\n---\njwks: b\n", /line 2: /],
    "a tag": ["jwks: !!js/function x\n", /line 1: /],
    "broken YAML": ["jwks: [a\n", /line \d: /],
    "the key of the file itself": ["config: other.yaml\n", /unknown key "config"/],
    "control characters": ["jw\u001b[31m: x\n", /^[^\p{Cc}]*$/u],
    "more than 256 KiB": [`# ${"x".repeat(300_000)}`, /larger than 256 KiB/],
  };
  for (const [what, [file, expected]] of Object.entries(badFiles)) {
    it(`rejects a file with ${what}`, () => {
      const found = problems({ argv: stateDir, file });
      assert.match(found.join("\n"), expected);
      assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
    });
  }

  it("reports which file cannot be read, and why", () => {
    const readFile = () => {
      throw Object.assign(new Error("secret detail"), { code: "ENOENT" });
    };
    const given = { argv: [...stateDir, "--config", "/no"], env: {}, readFile };
    assert.throws(() => loadConfig(command, options, given), /--config: cannot read file \/no \(ENOENT\)/);
  });

  it("rejects a flag that is given twice, unless it is repeatable", () => {
    assert.deepEqual(problems({ argv: [...stateDir, ...stateDir] }), [
      "--state-dir (from the command line): given 2 times",
    ]);
  });

  it("does not use the next flag as a missing value", () => {
    const found = problems({ argv: ["--state-dir", "--verbose"] });
    assert.match(found[0] ?? "", /--state-dir .*requires a value/);
  });

  it("takes a value with a leading dash only after an equals sign, and no argument after -- as a value", () => {
    assert.equal(run({ argv: ["--state-dir=-s"] }).stateDir, "-s");
    assert.match(problems({ argv: ["--state-dir=", "x"] }).join("\n"), /requires a value/);
    assert.deepEqual(problems({ argv: [...stateDir, "--jwks", "--", "x"] }), [
      'unexpected argument "x": settings are passed as flags',
      "--jwks (from the command line): requires a value",
    ]);
  });

  it("reports one problem per argument", () => {
    for (const wrong of ["-xyz", "--no-verbose", "--constructor", "--__proto__=x", "stray", "-"]) {
      assert.equal(problems({ argv: [...stateDir, wrong] }).length, 1, wrong);
    }
    assert.match(
      problems({ argv: [...stateDir, "--jwks=a", "stray"] })[0] ?? "",
      /unexpected argument "stray"/,
    );
    assert.match(problems({ argv: [...stateDir, "--verbose", "stray"] })[0] ?? "", /unexpected argument/);
  });

  it("rejects durations of zero or less, and ratios outside 0 to 1", () => {
    for (const ttl of ["0s", "-1s", "0"]) {
      assert.match(problems({ argv: [...stateDir, `--default-ttl=${ttl}`] })[0] ?? "", /expected a duration/);
    }
    for (const ratio of ["1.1", "-0.1", "NaN", "1e-3", "", "0x1"]) {
      assert.match(problems({ argv: [...stateDir, `--ratio=${ratio}`] })[0] ?? "", /--ratio/);
    }
  });

  it("prefers the flag to the environment, the environment to the file, and the file to the default", () => {
    const env = { DEFAULT_WORKLOAD_CERT_TTL: "2h" };
    const file = "default-ttl: 3h\nstate-dir: /f\n";
    assert.equal(run({ argv: ["--default-ttl", "1h"], env, file }).defaultTtl, 3_600_000);
    assert.equal(run({ env, file }).defaultTtl, 7_200_000);
    assert.equal(run({ file }).defaultTtl, 10_800_000);
    assert.equal(run({ argv: stateDir }).defaultTtl, 86_400_000);
  });

  it("returns a frozen object whose types derive from the table, without a cast", () => {
    const config = run({ argv: [...stateDir, "--verbose"] });
    const typed: readonly [
      string,
      number,
      readonly string[],
      string | undefined,
      boolean,
      "auto" | "json" | "pretty",
    ] = [config.stateDir, config.defaultTtl, config.serverSan, config.jwks, config.verbose, config.logFormat];
    assert.deepEqual(typed, ["/s", 86_400_000, [], undefined, true, "auto"]);
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.serverSan));
  });

  it("reads a list from repeated flags, from commas in the environment and from a list in the file", () => {
    const lists = [
      run({ argv: [...stateDir, "--server-san", "a", "--server-san=b"] }),
      run({ argv: stateDir, env: { KASBAH_SERVER_SAN: " a,b, ," } }),
      run({ argv: stateDir, file: "server-san:\n  - a\n  - b\n" }),
    ].map((config) => config.serverSan);
    assert.deepEqual(lists, [
      ["a", "b"],
      ["a", "b"],
      ["a", "b"],
    ]);
  });

  it("treats an empty environment variable as unset, and reads the path of the file from one", () => {
    const file = "state-dir: /f\nratio: 0.25\nverbose: true\n";
    const env = { KASBAH_CONFIG: "k.yaml", KASBAH_STATE_DIR: "", KASBAH_RATIO: "" };
    const outcome = loadConfig(command, options, { argv: [], env, readFile: () => file });
    assert.ok(outcome.kind === "run");
    assert.deepEqual(
      [outcome.config.stateDir, outcome.config.ratio, outcome.config.verbose],
      ["/f", 0.25, true],
    );
  });

  it("checks rules between settings when each setting is valid", () => {
    const strict = {
      ...command,
      check: (c: { ratio: number }) => (c.ratio > 0.9 ? ["the ratio is too high"] : []),
    };
    const load2 = (argv: string[]) => loadConfig(strict, options, { argv, env: {}, readFile: () => "" });
    assert.throws(() => load2([...stateDir, "--ratio", "1"]), /the ratio is too high/);
    assert.equal(load2(stateDir).kind, "run");
  });

  it("prints the resulting values and their sources with --check-config", () => {
    const text = printed({
      argv: [...stateDir, "--check-config"],
      env: { KASBAH_RATIO: "0.7" },
      file: "jwks: j\n",
    });
    assert.match(text, /^configuration is valid\n/);
    assert.match(text, /^ {2}state-dir +\/s {2}\(the command line\)$/m);
    assert.match(text, /^ {2}ratio +0\.7 {2}\(environment KASBAH_RATIO\)$/m);
    assert.match(text, /^ {2}jwks +j {2}\(file k\.yaml line 1\)$/m);
    assert.match(text, /^ {2}default-ttl +24h {2}\(default\)$/m);
  });

  it("does not report an invalid configuration as valid with --check-config", () => {
    assert.match(problems({ argv: ["--check-config"] })[0] ?? "", /--state-dir: is required/);
  });

  it("prints help with --help even if other settings are invalid", () => {
    const text = printed({ argv: ["--help", "--bogus"] });
    assert.match(text, /Tests the configuration\./);
    assert.match(
      text,
      /Issuance:\n +--default-ttl <duration> +lifetime \[default: 24h; env: DEFAULT_WORKLOAD_CERT_TTL\]/,
    );
    assert.match(text, /--state-dir <dir> +state \[required; env: KASBAH_STATE_DIR\]/);
    assert.match(text, /Examples:\n {2}kasbah-test --state-dir \/tmp\/x/);
    assert.doesNotMatch(text, /preset/);
  });

  it("wraps help at 110 columns, and keeps each note of an option on one line", () => {
    const wordy = option({
      flag: "--wordy <thing>",
      env: "KASBAH_A_NAME_THAT_FILLS_MOST_OF_A_LINE",
      help: "words ".repeat(40).trim(),
      schema: schema.text,
      default: "a/default/that/is/as/long/as/the/paths/of/a/pod",
    });
    const input = { argv: ["-h"], env: {}, readFile: () => "" };
    const outcome = loadConfig(command, { wordy }, input);
    const text = outcome.kind === "print" ? outcome.text : assert.fail(outcome.kind);
    assert.ok(text.split("\n").every((line) => line.length <= 110 && line.trimEnd() === line));
    assert.match(text, /^ {25}env: KASBAH_A_NAME_THAT_FILLS_MOST_OF_A_LINE\]$/m);
  });

  it("prints the exit codes of a command that has some, below its options", () => {
    const exitCodes = { 0: "it worked", 2: "a setting is invalid" };
    const input = { argv: ["--help"], env: {}, readFile: () => "" };
    const outcome = loadConfig({ ...command, exitCodes }, options, input);
    const text = outcome.kind === "print" ? outcome.text : assert.fail(outcome.kind);
    assert.match(text, /\n\nExit codes:\n {2}0 {2}it worked\n {2}2 {2}a setting is invalid\n\nExamples:\n/);
    assert.doesNotMatch(printed({ argv: ["--help"] }), /Exit codes/);
  });

  it("prints its version", () => {
    assert.equal(printed({ argv: ["--version"] }), "kasbah-test 1.2.3\n");
  });
});
