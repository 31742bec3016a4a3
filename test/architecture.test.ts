import assert from "node:assert/strict";
import { allModules, eagerModules } from "../scripts/agent-bundle/bundle-agent.ts";
import {
  findCycle,
  type Import,
  loadedFrom,
  type Source,
  shippedSources,
  targetOf,
} from "./architecture/sources.ts";

const sources = shippedSources();

/** What decides, without a socket, a file or a clock of its own. */
const domain: readonly RegExp[] = [
  /^packages\/ca-server\/src\/issuance\//,
  /^packages\/ca-server\/src\/authorities\/rotation\//,
  /^packages\/ledger\/src\/tree\//,
  /^packages\/agent\/src\/rotation\//,
  /^packages\/agent\/src\/secret\/secret-store\.ts$/,
  /^packages\/agent\/src\/sds\/subscription\//,
];
const isDomain = ({ path }: Source) => domain.some((pattern) => pattern.test(path));
/** The agent's commands have a main of their own, so that they load nothing of the daemon. */
const mains = ["main.ts", "commands/main.ts", "kasbah-agent.ts"];
const isMain = ({ room }: Source) => mains.includes(room);

/** Fails with every import that breaks the rule, so that one run shows them all. */
function noImport(forbidden: (source: Source, found: Import) => boolean): void {
  const broken = sources.flatMap((source) =>
    source.imports
      .filter((found) => forbidden(source, found))
      .map(({ specifier }) => `${source.path} imports ${specifier}`),
  );
  assert.deepEqual(broken, []);
}

function noText(pattern: RegExp, allowed: (source: Source) => boolean): void {
  const broken = sources
    .filter((source) => !allowed(source) && pattern.test(withoutComments(source.text)))
    .map(({ path }) => path);
  assert.deepEqual(broken, []);
}

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");

/** Each is imported from outside through its entry in the package's exports alone. */
const transports = ["packages/runtime/src/rpc/grpc-js/", "packages/runtime/src/rpc/http2/"];

const ours = (specifier: string) => specifier.startsWith("@kasbah/");

describe("The dependency rules", () => {
  it("see the whole house", () => {
    assert.ok(sources.length > 60, `only ${sources.length} files`);
    assert.ok(sources.some(isDomain));
    assert.ok(sources.flatMap(({ imports }) => imports).length > sources.length);
  });

  it("let pki, protocol and runtime import nothing of ours", () => {
    const leaves = ["packages/pki", "packages/protocol", "packages/runtime"];
    noImport((source, { specifier }) => leaves.includes(source.package) && ours(specifier));
  });

  it("keep the CA and the agent strangers, and the command a client of both but for a CA's policy, and its state when it is stopped", () => {
    noImport(({ package: home }, { specifier }) => {
      if (home === "packages/cli" && /^@kasbah\/ca-server\/(state|policy|refusals)$/.test(specifier))
        return false;
      return /^@kasbah\/(ca-server|agent)(\/|$)/.test(specifier);
    });
  });

  it("keep every relative import inside its package, except the generated code", () => {
    noImport((source, { specifier }) => {
      const target = targetOf(source, specifier);
      if (target === undefined || target.startsWith(`${source.package}/src/`)) return false;
      return target !== "packages/protocol/generated/messages.js";
    });
  });

  it("keep the testkit out of shipped code", () => {
    noImport(
      ({ package: home }, { specifier }) => home !== "packages/testkit" && specifier === "@kasbah/testkit",
    );
  });

  it("let the domain import pki, its own rooms, and types of the runtime and the ledger, and nothing else", () => {
    noImport((source, { specifier, typeOnly }) => {
      if (!isDomain(source) || specifier === "@kasbah/pki") return false;
      const values = ["@kasbah/runtime", "@kasbah/pki/certificate-writer", "@kasbah/ledger"];
      if (values.includes(specifier)) return !typeOnly;
      // Hashes and signatures over given bytes are what the ledger's tree is made of.
      if (specifier === "node:crypto" && source.path.startsWith("packages/ledger/src/tree/")) return false;
      const target = targetOf(source, specifier);
      return (
        target === undefined ||
        !(target.endsWith("/errors.ts") || sources.some((other) => other.path === target && isDomain(other)))
      );
    });
  });

  it("stop generated messages at the edges", () => {
    const edges = /^(grpc|admin|ca|sds|workload-api|inspect|authority|admission)\//;
    noImport((source, { specifier, typeOnly }) => {
      if (specifier !== "@kasbah/protocol" || source.package === "packages/testkit") return false;
      // Operator views are the protocol's plain messages, so rooms that create them import the types.
      return isDomain(source) || !(typeOnly || edges.test(source.room));
    });
  });

  it("keep grpc-js to the CA's public gRPC server, and each transport to one room", () => {
    noImport(({ path }, { specifier }) => {
      return (
        specifier.startsWith("@grpc/") && !/^packages\/(runtime\/src\/rpc\/grpc-js|testkit)\//.test(path)
      );
    });
    noImport(({ path, package: home }, { specifier, typeOnly }) => {
      if (specifier !== "@kasbah/runtime/grpc" || typeOnly || home === "packages/testkit") return false;
      return path !== "packages/ca-server/src/grpc/server.ts";
    });
    noImport(({ path, package: home }, { specifier }) => {
      const isRoom =
        /^packages\/runtime\/src\/rpc\/(grpc-js|http2)\//.test(path) || home === "packages/testkit";
      return specifier === "node:http2" && !isRoom;
    });
    noImport((source, { specifier }) => {
      const target = targetOf(source, specifier);
      const transport = transports.find((folder) => target?.startsWith(folder));
      return transport !== undefined && !source.path.startsWith(transport);
    });
  });

  it("never load grpc-js into the agent, which runs once per pod", () => {
    const loaded = loadedFrom(sources, "packages/agent/src/main.ts");
    assert.ok(loaded.has("packages/runtime/src/rpc/http2/server.ts"));
    const grpcJs = [...loaded].filter((path) => path.startsWith("packages/runtime/src/rpc/grpc-js/"));
    assert.deepEqual(grpcJs, []);
  });

  it("fence the certificate library into pki's writer, which the agent never loads", () => {
    noImport(({ path }, { specifier }) => {
      if (/^(@peculiar\/|reflect-metadata)/.test(specifier))
        return !/^packages\/pki\/src\/writer\//.test(path);
      return specifier === "@kasbah/pki/certificate-writer" && path.startsWith("packages/agent/");
    });
  });

  it("keep files and sockets out of pki and the domain", () => {
    noImport((source, { specifier }) => {
      const io = /^node:(fs|net|http|https|http2|tls|dgram|child_process)/.test(specifier);
      return io && (source.package === "packages/pki" || isDomain(source));
    });
  });

  it("hold no import cycle", () => {
    assert.equal(findCycle(sources), undefined);
  });

  it("let time in through the clock alone", () => {
    const clocks = (source: Source) => source.path === "packages/runtime/src/clock.ts" || isMain(source);
    noText(/\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(|\bprocess\.(hrtime|uptime)/, clocks);
  });

  it("let chance in through the key room and main alone", () => {
    const rooms = (source: Source) =>
      /^packages\/pki\/src\/(keys\/key|certificate\/serial)\.ts$/.test(source.path) || isMain(source);
    noText(/\bMath\.random\(|\brandom(Bytes|UUID|Int|FillSync)\(|\bgetRandomValues\(/, rooms);
  });

  it("read the process in main alone", () => {
    noText(/\bprocess\.(env|argv|exit|on|once|cwd|stdout|stderr|stdin|kill|getuid)\b/, isMain);
  });

  it("speak through the logger", () => {
    noText(/\bconsole\./, () => false);
  });
});

describe("The agent's one file", () => {
  let [all, eager]: (readonly string[])[] = [[], []];
  const among = (modules: readonly string[] = [], forbidden: RegExp) =>
    modules.filter((path) => forbidden.test(path));

  before(async () => {
    [all, eager] = await Promise.all([allModules(), eagerModules()]);
  });

  it("has nothing in it that weighs more than it helps, not even put off", () => {
    const heavy =
      /node_modules\/(@peculiar|@grpc|@opentelemetry|reflect-metadata|zod|commander|prom-client|pino[^/]*)\//;
    assert.deepEqual(among(all, heavy), []);
    assert.deepEqual(among(all, /^packages\/(pki\/src\/writer|ca-server|cli|testkit)\//), []);
  });

  it("puts off what only some configurations need", () => {
    assert.deepEqual(among(eager, /node_modules\/yaml\//), []);
  });

  it("does without fetch, whose parser is WebAssembly, which the image's agent has not", () => {
    const calls = sources.filter(
      ({ path, text }) => path.startsWith("packages/agent/") && /\b(?:await|return|=>|=) fetch\(/.test(text),
    );
    assert.deepEqual(
      calls.map(({ path }) => path),
      [],
    );
  });

  it("is seen whole: what runs at its start, and what is put off", () => {
    for (const path of ["packages/agent/src/main.ts", "packages/agent/src/sds/service.ts"])
      assert.ok(eager?.includes(path), path);
    assert.ok(among(all, /node_modules\/yaml\//).length > 10);
    assert.deepEqual(
      among(eager, /./).filter((path) => !all?.includes(path)),
      [],
    );
  });
});

describe("The rules' own eyes", () => {
  const source = (path: string, text: string): Source => ({
    path,
    package: "packages/x",
    room: path.split("/src/")[1] ?? "",
    text,
    imports: [...text.matchAll(/from "([^"]+)"/g)].map(([, specifier = ""]) => ({
      specifier,
      typeOnly: false,
    })),
  });

  it("find a cycle of three files", () => {
    const cycle = findCycle([
      source("packages/x/src/a.ts", 'import { b } from "./b.ts";'),
      source("packages/x/src/b.ts", 'import { c } from "./c.ts";'),
      source("packages/x/src/c.ts", 'import { a } from "./a.ts";'),
    ]);
    assert.deepEqual(
      cycle,
      ["a", "b", "c", "a"].map((name) => `packages/x/src/${name}.ts`),
    );
  });

  it("read every form of import", () => {
    const forms = sources.flatMap(({ imports }) => imports);
    assert.ok(forms.some(({ typeOnly }) => typeOnly));
    assert.ok(forms.some(({ specifier }) => specifier.startsWith("node:")));
    assert.ok(forms.some(({ specifier }) => specifier.endsWith(".ts")));
  });
});
