import { relative, resolve } from "node:path";
import process from "node:process";
import { ImageError } from "../../deploy/image/image-error.ts";
import { readSource } from "../../deploy/image/source.ts";
import { root } from "../bundles/single-file.ts";
import { type BuiltPackage, buildPackages } from "./build-packages.ts";
import { maintainerOf } from "./debian/maintainer.ts";
import { type PackageOptions, packageHelp, parsePackageOptions } from "./options.ts";
import { PackageError } from "./package-error.ts";

const { env, argv, stdout, stderr } = process;

try {
  const options = parsePackageOptions(argv.slice(2));
  if (options.help) stdout.write(packageHelp);
  else await build(options);
} catch (error) {
  if (!isForPeople(error)) throw error;
  stderr.write(`package: ${error.message}\n`);
  process.exitCode = error instanceof PackageError && error.message.endsWith("see --help") ? 2 : 1;
}

/** The parts that the images share report problems as an ImageError, and the system its own, such as a full disk. */
function isForPeople(error: unknown): error is Error {
  if (error instanceof PackageError || error instanceof ImageError) return true;
  return error instanceof Error && "syscall" in error;
}

async function build({ out, json }: PackageOptions): Promise<void> {
  const source = await readSource(root, env["SOURCE_DATE_EPOCH"]);
  const say = (line: string) => void stderr.write(`package: ${line}\n`);
  const built = await buildPackages({ source, out: resolve(root, out), maintainer: maintainerOf(env), say });
  stdout.write(json ? `${JSON.stringify(built, null, 2)}\n` : built.map(describe).join("\n"));
}

function describe({ file, bytes, sha256 }: BuiltPackage): string {
  return `${relative(process.cwd(), file)}\n  size    ${(bytes / 2 ** 20).toFixed(1)} MiB\n  sha256  ${sha256}\n`;
}
