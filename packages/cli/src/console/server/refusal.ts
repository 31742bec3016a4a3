import { CliError, type CliErrorCode } from "../../errors.ts";

/** Why the console does not answer a request. */
export interface RequestRefusal {
  readonly status: number;
  readonly error: CliError;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusal(
  status: number,
  code: Extract<CliErrorCode, `CONSOLE_${string}`>,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): RequestRefusal {
  return { status, error: new CliError(code, message), headers };
}
