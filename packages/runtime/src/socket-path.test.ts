import assert from "node:assert/strict";
import { parseSocketPath } from "./socket-path.ts";

/** Texts that are no paths of sockets, and what the refusal must contain. */
const refused: readonly [string, RegExp][] = [
  ["", /such as \/run\/kasbah\/socket/],
  ["unix:///run/x", /URI.*: write \/run\/x$/],
  ["unix:/run/x", /URI.*: write \/run\/x$/],
  ["unix://run/x", /URI.*: write \/run\/x$/],
  ["UNIX:///run/x", /URI.*: write \/run\/x$/],
  ["unix:run/x", /URI.*: write run\/x$/],
  ["unix:", /URI.*: write \/run\/kasbah\/socket$/],
  ["unix:///run/", /URI.*: write \/run\/kasbah\/socket$/],
  ["unix:///run/\u001b[31m", /URI.*: write \/run\/kasbah\/socket$/],
  ["@abstract", /abstract namespace/],
  ["unix-abstract:x", /abstract namespace/],
  ["\0abstract", /abstract namespace/],
  ["/run/\0x", /without NUL/],
  ["tcp://127.0.0.1:8080", /only Unix sockets/],
  ["http://localhost/x", /only Unix sockets/],
  ["npipe:////./pipe/x", /only Unix sockets/],
  ["127.0.0.1:8080", /not host:port/],
  ["localhost:8080", /not host:port/],
  ["[::1]:8080", /not host:port/],
  [":8080", /not host:port/],
  ["/", /not of its directory/],
  ["/run/x/", /not of its directory: add a name, such as \/run\/x\/socket$/],
  ["/run/x//", /such as \/run\/x\/socket$/],
  [".", /not of its directory/],
  ["/run/..", /not of its directory/],
  [`/${"x".repeat(107)}`, /at most 107 bytes, not 108/],
  [`/${"é".repeat(54)}`, /at most 107 bytes, not 109/],
];

const accepted = [
  "/run/x",
  "run/x",
  "./var/run/secrets/workload-spiffe-uds/socket",
  "../x",
  "x",
  ".x",
  "/run/..x",
  "/run/@x",
  "./@x",
  "/run/unix:x",
  "./unix:x",
  "./localhost:8080",
  "/run/a b",
  `/${"x".repeat(106)}`,
];

describe("parseSocketPath", () => {
  for (const [text, problem] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 24))} and says what to write`, () => {
      assert.throws(() => parseSocketPath(text), problem);
    });
  }

  it("accepts every path of a file, and changes nothing in it", () => {
    for (const text of accepted) assert.equal(parseSocketPath(text), text);
  });
});
