import { TrustBundle } from "@kasbah/pki";

/** The limit for the roots in a reply, in agents of earlier releases. */
const maxReplyLength = 128 * 1024;
/** The limit for a root file, in agents of earlier releases. */
const maxFileLength = 256 * 1024;

/**
 * Agents of earlier releases discard a whole bundle if one root breaks a rule for certificates, or if it is too
 * long. Such an agent could not renew. It gets the roots that it can read, the CA's own first.
 */
export function forEarlierAgents(bundle: TrustBundle): TrustBundle {
  return within(maxReplyLength, bundle);
}

/** Like {@link forEarlierAgents}, for ConfigMaps and files, from which agents of any release start. */
export function forPublication(bundle: TrustBundle): TrustBundle {
  return within(maxFileLength, bundle);
}

function within(maxLength: number, bundle: TrustBundle): TrustBundle {
  let length = 0;
  const readable = bundle.roots.filter((root) => {
    if (root.waivedRule !== undefined) return false;
    length += root.toPem().length;
    return length <= maxLength;
  });
  return readable.length === bundle.roots.length ? bundle : TrustBundle.from(readable);
}
