import { option } from "../config/option.ts";
import { expected, parsed } from "../config/schema.ts";

const tracesPath = "/v1/traces";

/** The option of every daemon that exports traces. */
export const tracingOptions = {
  otlpEndpoint: option({
    flag: "--otlp-endpoint <url>",
    env: "KASBAH_OTLP_ENDPOINT",
    help: `URL of an OpenTelemetry collector that takes traces by OTLP over HTTP, such as http://collector:4318; ${tracesPath} is appended. OTEL_* variables set headers, the CA certificate, the sampler and resource attributes`,
    schema: parsed(parseOtlpEndpoint, "http or https URL"),
    optional: true,
    defaultHelp: "no traces",
    group: "Traces",
  }),
};

/** Returns the URL to which traces are posted. A password in it would be in log lines. */
export function parseOtlpEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    return expected("an http or https URL such as http://collector:4318");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    return expected(
      "a URL without user, password, query and fragment; set OTEL_EXPORTER_OTLP_HEADERS to authenticate",
    );
  const base = url.pathname.replace(/\/+$/, "");
  url.pathname = base.endsWith(tracesPath) ? base : `${base}${tracesPath}`;
  return url.href;
}
