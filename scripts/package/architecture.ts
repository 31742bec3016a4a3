import { PackageError } from "./package-error.ts";

const names: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Debian's name of this machine's architecture, whose Node the packages contain. */
export function architectureOf({ platform, arch }: Pick<NodeJS.Process, "platform" | "arch">): string {
  const name = names[arch];
  if (platform === "linux" && name !== undefined) return name;
  throw new PackageError(`packages are built on Linux (x64 or arm64), this is ${platform} ${arch}`);
}
