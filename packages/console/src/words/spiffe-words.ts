/** The namespace and the service account; else the path of the ID; else the text as it is. */
export function shortName(id: string): string {
  const [, path = id] = /^spiffe:\/\/[^/]+\/(.+)$/.exec(id) ?? [];
  const [, namespace, account] = /^ns\/([^/]+)\/sa\/([^/]+)$/.exec(path) ?? [];
  return namespace === undefined ? path : `${namespace}/${account}`;
}
