/** Tells authenticated callers apart: the pods of one identity have limits of their own. */
export function callerKey(spiffeId: string, pod: { readonly uid: string } | undefined): string {
  return `${pod?.uid ?? ""} ${spiffeId}`;
}
