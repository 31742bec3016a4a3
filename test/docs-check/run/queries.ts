/** Commands that change nothing, so that repeating one tells what a reader who waits a moment sees. */
const queries: readonly RegExp[] = [
  /^curl\b(?!.* -(X|d)\b)/,
  /^kasbah\b(?! backup)(.* )?(why|who|cert|tail|verify|heads|identities|list|status|check|inspect|refusals|export|prove)\b/,
  /^kasbah-agent (status|wait)\b/,
  /^kubectl\b(.* )?(get|describe|logs|auth can-i|exec .* -- (kasbah|kasbah-agent) (.* )?(status|list|export|curl))\b/,
  /^(openssl (s_client|x509|verify)|ls|grep|stat|test|psql|keytool|jq|cat)\b/,
];

const changes = /--yes\b|\b(rotate|distrust|resume|abort|recall|accept-loss|accept|apply|delete)\b|--apply\b/;

export function isQuery(command: string): boolean {
  return queries.some((query) => query.test(command)) && !changes.test(command);
}
