import { canonicalJson } from "./canonical-json.ts";
import type { CallerEntry, IssuedEntry } from "./entry.ts";
import { storedForm, storedReference } from "./traced-reference.ts";

/** In the text, a lone surrogate begins with it; in canonical JSON it is replaced. */
const surrogateEscape = "\\ud";

/**
 * The canonical JSON of an issued entry. Each certificate has one, so its members are listed here in canonical
 * order and not sorted each time. JSON.stringify omits undefined members and writes texts as RFC 8785 does.
 */
export function issuedText(entry: IssuedEntry): string {
  const { authority, fingerprint, ignored, kind, notAfter, notBefore, peerAddress } = entry;
  const { rule, serial, spiffeId, spkiHash, time, v } = entry;
  const text = JSON.stringify({
    authority,
    caller: callerMembers(entry.caller),
    fingerprint,
    ignored,
    kind,
    notAfter,
    notBefore,
    peerAddress,
    referenceId: storedReference(entry),
    rule,
    serial,
    spiffeId,
    spkiHash,
    time,
    v,
  });
  return text.includes(surrogateEscape) ? canonicalJson(storedForm(entry) as never) : text;
}

function callerMembers(caller: CallerEntry) {
  const { disregarded, fingerprint, issuer, kind, node, pod, serial, spiffeId } = caller;
  const { tokenIdHash, tokenProvenAt } = caller;
  return {
    disregarded,
    fingerprint,
    issuer,
    kind,
    node,
    pod: pod && { name: pod.name, uid: pod.uid },
    serial,
    spiffeId,
    tokenIdHash,
    tokenProvenAt,
  };
}
