/** What exists before a page begins: the names of the scripts in this folder. */
export const setupNames = ["empty", "clone", "ca", "stopped-ca", "mesh", "bare-cluster", "cluster"] as const;

export const isSetup = (name: string): boolean => setupNames.some((known) => known === name);
