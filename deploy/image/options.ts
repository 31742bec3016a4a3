import { parseArgs } from "node:util";
import { ImageError } from "./image-error.ts";
import { type Image, images } from "./images.ts";

/** The options of the command line. */
export interface Options {
  readonly images: readonly Image[];
  readonly out: string;
  readonly registry: string | undefined;
  readonly treesOnly: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export const imageHelp = `Usage: npm run image -- [options] [server] [agent]

Builds the OCI images kasbah/server and kasbah/agent without a container engine, from Debian's packages and the Node
version that package.json pins. It installs nothing on the machine. It requires root (files in an image belong to root) on
Debian 12, npm and git. To build the same images with a container engine, use deploy/image/Containerfile: see docs/image.md.

Options:
  --out <folder>     the directory for <image>/ (an OCI layout) and <image>.cdx.json (its SBOM); default dist/image
  --registry <host>  the registry in the names of the images, such as registry.example/team
  --trees            write only the files of the images, as directories below --out: base, server, agent
  --json             print a summary on standard output, progress on standard error (npm run --silent image -- --json)
  --help             print this help

Environment:
  KASBAH_REGISTRY    the registry, unless --registry names one; default: that of deploy/names.json, if it names one
  SOURCE_DATE_EPOCH  the time of all files, in seconds since 1970; default: the time of the commit
`;

/** @throws ImageError if the command line is invalid */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parse(argv);
  const unknown = positionals.filter((name) => !images.some((image) => image.name === name));
  if (unknown.length > 0) {
    throw new ImageError(
      `unknown image ${unknown.join(", ")}: expected ${images.map(({ name }) => name).join(" or ")}`,
    );
  }
  return {
    images: images.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    out: values.out,
    registry: values.registry,
    treesOnly: values.trees,
    json: values.json,
    help: values.help,
  };
}

function parse(argv: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  const options = {
    out: { type: "string", default: "dist/image" },
    registry: { type: "string" },
    trees: flag,
    json: flag,
    help: flag,
  } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (cause) {
    throw new ImageError(`${cause instanceof Error ? cause.message : cause}; see --help`, {
      cause,
    });
  }
}
