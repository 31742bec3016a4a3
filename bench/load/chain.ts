const begin = "-----BEGIN CERTIFICATE-----";
const end = "-----END CERTIFICATE-----\n";

/** The chain in a reply without its last certificate, which is the root. */
export function chainIn(reply: Buffer): string {
  const text = reply.toString("latin1");
  const certificates: string[] = [];
  for (let from = text.indexOf(begin); from >= 0; from = text.indexOf(begin, from + 1)) {
    certificates.push(text.slice(from, text.indexOf(end, from) + end.length));
  }
  return certificates.slice(0, -1).join("");
}
