import { parseArgs } from "node:util";
import { ImageError } from "./image-error.ts";
import { type Image, images } from "./images.ts";

/** What the command line asks for. */
export interface Options {
  readonly images: readonly Image[];
  readonly out: string;
  readonly treesOnly: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

export const imageHelp = `Usage: npm run image -- [options] [server] [agent]

Builds the OCI images kasbah/server and kasbah/agent without a container engine, from Debian's packages and the Node
that package.json pins. Nothing is installed on the machine. It needs root (files in an image are root's) on Debian 12,
npm and git. With an engine, deploy/image/Containerfile makes the same images: docs/image.md tells how.

Options:
  --out <folder>  where <image>/ (an OCI layout) and <image>.cdx.json (what is in it) go; default dist/image
  --trees         only the files of the images, as folders below --out: base, server, agent
  --json          a summary on standard output, progress on standard error (npm run --silent image -- --json)
  --help          this

Environment:
  SOURCE_DATE_EPOCH  the age of all files, in seconds since 1970; default that of the commit
`;

/** @throws ImageError when the command line means nothing. */
export function parseOptions(argv: readonly string[]): Options {
  const { values, positionals } = parse(argv);
  const unknown = positionals.filter((name) => !images.some((image) => image.name === name));
  if (unknown.length > 0) {
    throw new ImageError(
      `no image is named ${unknown.join(", ")}: expected ${images.map(({ name }) => name).join(" or ")}`,
    );
  }
  return {
    images: images.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    out: values.out,
    treesOnly: values.trees,
    json: values.json,
    help: values.help,
  };
}

function parse(argv: readonly string[]) {
  const flag = { type: "boolean", default: false } as const;
  const options = {
    out: { type: "string", default: "dist/image" },
    trees: flag,
    json: flag,
    help: flag,
  } as const;
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (cause) {
    throw new ImageError(`${cause instanceof Error ? cause.message : cause}; --help lists what there is`, {
      cause,
    });
  }
}
