import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("./found/", import.meta.url));

/** An input that once broke a target, or that covers a corner case others miss. */
export interface FoundCase {
  readonly target: string;
  readonly file: string;
  readonly input: Uint8Array;
}

/** Every kept input; the tests run all of them each time. */
export function readFoundCases(): readonly FoundCase[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((target) =>
    readdirSync(join(folder, target)).map((file) => {
      const input = new Uint8Array(readFileSync(join(folder, target, file)));
      return { target, file: `${target}/${file}`, input };
    }),
  );
}

/** Saves an input under a unique name and returns its path. */
export function keepFoundCase(target: string, input: Uint8Array): string {
  mkdirSync(join(folder, target), { recursive: true });
  const name = createHash("sha256").update(input).digest("hex").slice(0, 16);
  const path = join(folder, target, `${name}.bin`);
  writeFileSync(path, input);
  return path;
}
