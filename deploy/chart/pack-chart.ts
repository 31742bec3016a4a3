import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { parse } from "yaml";
import { type Names, referenceIn } from "../names.ts";
import { type ArchivedFile, tarballOf } from "./tarball.ts";

/** The chart cannot be packed; the message has the reason and the fix. */
export class ChartError extends Error {
  override readonly name = "ChartError";
}

export interface ChartPlan {
  readonly root: string;
  readonly names: Names;
  readonly out: string;
  /** The time of all files. */
  readonly ageSeconds: number;
}

const source = "deploy/helm/kasbah";
const emptyImage = /^( {2}repository: )"".*$/m;

/**
 * Writes the chart as `helm package` does, with the image of the registry as its default, and returns the path.
 *
 * @throws ChartError if no registry is set
 */
export async function packChart({ root, names, out, ageSeconds }: ChartPlan): Promise<string> {
  const { registry, serverImage } = names;
  if (registry === "")
    throw new ChartError(
      "no registry is set: pass --registry registry.example/team, or set KASBAH_REGISTRY, or registry in deploy/names.json",
    );
  const files = chartFilesOf(join(root, source), referenceIn(registry, serverImage));
  const { name, version } = parse(readFileSync(join(root, source, "Chart.yaml"), "utf8"));
  const path = join(out, `${name}-${version}.tgz`);
  await mkdir(out, { recursive: true });
  await writeFile(path, tarballOf(files, ageSeconds));
  return path;
}

/** The patterns of `.helmignore`; hidden files are ignored in any case. */
const ignored = /^\.|\.tgz$|~$|\.swp$/;

function chartFilesOf(chart: string, image: string): readonly ArchivedFile[] {
  const entries = readdirSync(chart, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !ignored.test(entry.name));
  return files.map((entry) => {
    const path = relative(chart, join(entry.parentPath, entry.name));
    const content = readFileSync(join(chart, path));
    return { path: `kasbah/${path}`, content: path === "values.yaml" ? withImage(content, image) : content };
  });
}

function withImage(content: Buffer, image: string): Buffer {
  const text = content.toString();
  if (!emptyImage.test(text)) throw new ChartError(`${source}/values.yaml has no empty image.repository`);
  return Buffer.from(text.replace(emptyImage, `$1${image}`));
}
