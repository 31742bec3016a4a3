import assert from "node:assert/strict";
import { argumentProblems } from "./argument-problems.ts";
import { knownFlags } from "./known-flags.ts";

const inCluster = "--kubernetes-api=https://kubernetes.default.svc";
const problems = (argv: readonly string[], env: Record<string, string> = {}) =>
  argumentProblems({ argv: [inCluster, ...argv], env });

describe("argumentProblems", () => {
  it("returns nothing for arguments with which the CA starts", () => {
    assert.deepEqual(problems(["--server-san=ca.example", "--default-ttl=1h30m", "--workers=auto"]), []);
  });

  it("returns each problem with its flag, as the CA would report it", () => {
    assert.deepEqual(problems(["--server-san=bad name", "--foo=1", "--workers=0"]), [
      { flag: "--foo", variable: undefined, problem: 'unknown flag "--foo": see --help' },
      {
        flag: "--server-san",
        variable: undefined,
        problem: 'expected a DNS name in lower case or an IP address, got "bad name"',
      },
      {
        flag: "--workers",
        variable: undefined,
        problem: 'expected auto or a whole number from 1 to 64, got "0"',
      },
    ]);
  });

  it("returns contradictions between flags that are each valid", () => {
    assert.deepEqual(problems(["--default-ttl=100h", "--max-ttl=1h"]), [
      {
        flag: "--default-ttl",
        variable: undefined,
        problem: "is greater than --max-ttl; lower it, or raise --max-ttl",
      },
    ]);
  });

  it("names the variable of a wrong value in the environment", () => {
    const [found] = problems([], { KASBAH_DEFAULT_RATE: "many" });
    assert.deepEqual([found?.flag, found?.variable], ["--default-rate", "KASBAH_DEFAULT_RATE"]);
  });

  it("leaves a configuration file to the CA, because this machine does not have it", () => {
    assert.deepEqual(problems(["--config=/etc/kasbah/server.yaml", "--foo=1"]), []);
    assert.deepEqual(problems(["--foo=1"], { KASBAH_CONFIG: "/etc/kasbah/server.yaml" }), []);
    assert.equal(problems(["--foo=1"], { KASBAH_CONFIG: "" }).length, 1);
  });
});

describe("knownFlags", () => {
  it("lists every flag, with whether it takes a value and may be repeated", () => {
    const byName = new Map(knownFlags().map((flag) => [flag.name, flag]));
    assert.ok(byName.size > 50, `only ${byName.size} flags`);
    assert.deepEqual(byName.get("server-san"), { name: "server-san", takesValue: true, isRepeatable: true });
    assert.deepEqual(byName.get("no-intermediate"), {
      ...{ name: "no-intermediate", takesValue: false, isRepeatable: false },
    });
    assert.ok(byName.has("log-level"));
    assert.equal(byName.has("help"), false);
  });
});
