import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { root } from "./sources.ts";

const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Files named `*.test.ts` that contain no test: mocha would load them for nothing. */
export function testlessTests(): readonly string[] {
  const tests = globSync(["packages/*/src/**/*.test.ts", "certs-dev/src/**/*.test.ts", "test/**/*.test.ts"], {
    cwd: root,
  });
  return tests.filter((path) => !/\b(it|describe)\b/.test(read(path)));
}

/** Imports from one suite, a folder of `test/`, into another, or from a package into any of them. */
export function crossSuiteImports(): readonly string[] {
  const files = globSync(["packages/*/src/**/*.ts", "certs-dev/src/**/*.ts", "test/*/**/*.ts"], {
    cwd: root,
  });
  return files.flatMap((path) =>
    [...read(path).matchAll(/from "(\.[^"]+)"/g)]
      .map(([, specifier = ""]) => normalize(join(dirname(path), specifier)))
      .filter((target) => isForeignSuite(suiteOf(path), suiteOf(target)))
      .map((target) => `${path} imports ${target}`),
  );
}

function isForeignSuite(from: string | undefined, to: string | undefined): boolean {
  return to !== undefined && to !== from && to !== "harness";
}

function suiteOf(path: string): string | undefined {
  return /^test\/([^/]+)\//.exec(path)?.[1];
}
