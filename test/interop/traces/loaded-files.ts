/** A module that a daemon loads first: it reports each module file that the daemon reads, on standard error. */
export const tellsLoadedFiles = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  registerHooks({
    load(url, context, next) {
      if (url.startsWith("file:")) process.stderr.write("loaded " + url + "\\n");
      return next(url, context);
    },
  });
`)}`;

/** The paths of the files that a log with these reports names. */
export function loadedFiles(log: string): readonly string[] {
  return [...log.matchAll(/^loaded file:\/\/(.*)$/gm)].map(([, path = ""]) => path);
}
