import { dirname, relative, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ConfigInvalidError } from "@kasbah/runtime";
import { ImageError } from "../image/image-error.ts";
import { readSource } from "../image/source.ts";
import { readNames, referenceIn } from "../names.ts";
import { ChartError, packChart } from "./pack-chart.ts";

const help = `Usage: npm run chart -- [options]

Packs the Helm chart as kasbah-<version>.tgz, with the name of the CA's image in your registry as its default. Helm is not required.

Options:
  --registry <host>  the registry of the image, such as registry.example/team
  --out <folder>     the directory for the archive; default out/chart
  --help             print this help

Environment:
  KASBAH_REGISTRY    the registry, unless --registry names one; default: that of deploy/names.json, if it names one
  SOURCE_DATE_EPOCH  the time of all files, in seconds since 1970; default: the time of the commit
`;

const root = fileURLToPath(new URL("../../", import.meta.url));
const { env, argv, stdout, stderr } = process;

try {
  const options = parseOptions();
  stdout.write(options.help ? help : await pack(options.out, options.registry));
} catch (error) {
  const isExpected = [ChartError, ImageError, ConfigInvalidError].some((kind) => error instanceof kind);
  if (!isExpected) throw error;
  stderr.write(`chart: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}

function parseOptions() {
  const options = {
    out: { type: "string", default: "out/chart" },
    registry: { type: "string" },
    help: { type: "boolean", default: false },
  } as const;
  try {
    return parseArgs({ args: argv.slice(2), options }).values;
  } catch (cause) {
    throw new ChartError(`${cause instanceof Error ? cause.message : cause}; see --help`, { cause });
  }
}

async function pack(out: string, flag: string | undefined): Promise<string> {
  const names = readNames(env, flag);
  const { ageSeconds } = await readSource(root, env["SOURCE_DATE_EPOCH"]);
  const packed = await packChart({ root, names, out: resolve(root, out), ageSeconds });
  const path = relative(process.cwd(), packed);
  const { registry, serverImage, chart } = names;
  const folder = dirname(referenceIn(registry, chart));
  return [
    path,
    `  image    ${referenceIn(registry, serverImage)}`,
    `  install  helm install kasbah ${path} --namespace kasbah-system --create-namespace`,
    `  publish  helm push ${path} oci://${folder}`,
    "",
  ].join("\n");
}
