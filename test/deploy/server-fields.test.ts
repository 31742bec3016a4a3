import assert from "node:assert/strict";
import { argumentProblems, knownFlags } from "@kasbah/ca-server/arguments";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseValues } from "../../packages/cli/src/install/values/values.ts";
import { testImage } from "../harness/chart/installations.ts";

interface Field {
  readonly flag: string;
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
  /** What a pattern cannot express: the chart accepts it, and only the parser refuses it. */
  readonly onlyParser?: readonly string[];
}

const long = (length: number) => "a".repeat(length);
const names = {
  accepted: ["a", "cacerts", "istio-ca-secret", "0", "a.b", "a1.b-2", long(253)],
  refused: ["A", "-a", "a-", "a..b", ".a", "a.", "a_b", "a b", "a/b", long(254), "a\n"],
};
const durations = {
  accepted: ["1h", "90s", "15m", "250ms", "1h30m", "24h0m0s", "7d", "0h1m", "999999999s", "2m5ms"],
  refused: [
    "0s",
    "0",
    "1",
    "h",
    "one day",
    "1.5h",
    "-1h",
    "1m1h",
    "1h 30m",
    "1234567890s",
    "1w",
    "1H",
    "1s1s",
  ],
};

/** Values of the chart that the CA parses, with texts for both: the pattern of the chart and the parser. */
const fields: Readonly<Record<string, Field>> = {
  "ca.trustDomain": {
    flag: "--trust-domain",
    accepted: ["cluster.local", "mesh", "my_mesh", "-", "10.0.0.1", long(255)],
    refused: ["Mesh", "mesh/a", "a b", "é", "a:b", long(256)],
  },
  "ca.serverSans": {
    flag: "--server-san",
    accepted: [
      ...[
        "ca.example",
        "ca.example.",
        "localhost",
        "192.0.2.1",
        "300.1.1.1",
        "::1",
        "2001:db8::1",
        "::ffff:1.2.3.4",
      ],
      ...[long(63), `a.${long(63)}`],
    ],
    refused: [
      "bad name",
      "*.example",
      "Ca.example",
      "-a",
      "a-",
      "a..b",
      ".",
      "a_b",
      "spiffe://a/b",
      "::g",
      long(64),
    ],
    onlyParser: ["192.0.2.1."],
  },
  "ca.tokenAudiences": {
    flag: "--token-audience",
    accepted: ["istio-ca", "https://sts.example: x", " "],
    refused: [],
  },
  "ca.trustedNodeAccounts": {
    flag: "--trusted-node-account",
    accepted: ["istio-system/ztunnel", "a/b.c", " a/b ", `${long(63)}/${long(253)}`],
    refused: ["ztunnel", "a/b/c", "/b", "a/", "A/b", "a.b/c", "a/b_c", `${long(64)}/a`, "a /b"],
  },
  "ca.stateSecret": { flag: "--state-secret", ...names },
  "ca.takeOverSecrets": { flag: "--take-over-secret", ...names },
  "rootConfigMap.name": { flag: "--root-config-map", ...names },
  "ca.checkpointConfigMap": {
    flag: "--checkpoint-to",
    accepted: names.accepted,
    refused: names.refused,
  },
  "ca.defaultTtl": { flag: "--default-ttl", ...durations },
  "ca.maxTtl": { flag: "--max-ttl", ...durations },
  "ca.logLevel": {
    flag: "--log-level",
    accepted: ["debug", "info", "warn", "error", "silent"],
    refused: ["loud", "INFO", "trace"],
  },
  "ca.workers": { flag: "--workers", accepted: ["1", "64", "auto"], refused: ["0", "65", "many", "1.5"] },
};

const isList = (path: string) => /(serverSans|tokenAudiences|Accounts|takeOverSecrets)$/.test(path);

function valuesWith(path: string, text: string): object {
  const numeric = path === "ca.workers" && /^[0-9.]+$/.test(text) ? Number(text) : text;
  const value = isList(path) ? [text] : numeric;
  const [group = "", name = ""] = path.split(".");
  return { [group]: { [name]: value } };
}

function isInSchema(path: string, text: string): boolean {
  try {
    parseValues(testImage, valuesWith(path, text));
    return true;
  } catch (error) {
    assert.ok(error instanceof ConfigInvalidError);
    return false;
  }
}

function isParsed(flag: string, text: string): boolean {
  const value = flag === "--checkpoint-to" ? `configmap:${text}` : text;
  const env = {};
  const others = ["--kubernetes-api=https://kubernetes.default.svc"];
  const bounds = flag === "--default-ttl" ? ["--max-ttl=99999d"] : ["--default-ttl=1ms"];
  const ttl = flag.endsWith("-ttl") ? bounds : [];
  return argumentProblems({ argv: [...others, ...ttl, `${flag}=${value}`], env }).length === 0;
}

describe("Patterns of the chart", () => {
  for (const [path, { flag, accepted, refused, onlyParser = [] }] of Object.entries(fields)) {
    it(`accept the texts of ${path} that the CA accepts for ${flag}, and refuse the others`, () => {
      const judged = (texts: readonly string[], isGood: (text: string) => boolean) => texts.filter(isGood);
      const inSchema = (text: string) => isInSchema(path, text);
      const parsed = (text: string) => isParsed(flag, text);
      assert.deepEqual([judged(accepted, inSchema), judged(accepted, parsed)], [accepted, accepted]);
      assert.deepEqual([judged(refused, inSchema), judged(refused, parsed)], [[], []]);
      assert.deepEqual([judged(onlyParser, inSchema), judged(onlyParser, parsed)], [onlyParser, []]);
    });
  }

  it("accept each flag of kasbah-server in ca.extraArgs in one form, unless the chart always gives it", () => {
    const given = [];
    for (const { name, takesValue } of knownFlags()) {
      const isGood = (text: string) => isInSchemaAsArgument(text);
      const [good, bad] = takesValue ? [`--${name}=x`, `--${name}`] : [`--${name}`, `--${name}=x`];
      assert.equal(isGood(bad), false, bad);
      if (!isGood(good)) given.push(name);
    }
    assert.deepEqual(given.toSorted(), [
      ...["default-ttl", "grpc-address", "http-address", "installation", "kubernetes-api", "log-format"],
      ...["log-level", "max-ttl", "probe-address", "trust-domain"],
    ]);
    for (const text of ["--config=/etc/kasbah/server.yaml", "--rotation-schedule=0 3 * * sat"]) {
      assert.equal(isInSchemaAsArgument(text), true, text);
    }
    for (const text of [
      "--foo=1",
      "--help",
      "--version",
      "--check-config",
      "-h",
      "root-key=P-384",
      "--root-key=",
    ]) {
      assert.equal(isInSchemaAsArgument(text), false, text);
    }
  });
});

function isInSchemaAsArgument(text: string): boolean {
  try {
    parseValues(testImage, { ca: { extraArgs: [text] } });
    return true;
  } catch {
    return false;
  }
}
