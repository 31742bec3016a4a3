/**
 * A module that kills its process with SIGKILL before its n-th durable call: a change of a file's name, or a
 * write to the Kubernetes API.
 */
export function killsAt(step: number): string {
  const code = `
    import files from "node:fs/promises";
    import https from "node:https";
    import { syncBuiltinESMExports } from "node:module";
    let calls = 0;
    const count = () => { if (++calls === ${step}) process.kill(process.pid, "SIGKILL"); };
    for (const name of ["rename", "unlink", "rm"]) {
      const real = files[name];
      files[name] = (...given) => { count(); return real(...given); };
    }
    const { request } = https;
    https.request = (url, options, ...rest) => {
      if (options.method === "POST" || options.method === "PUT") count();
      return request(url, options, ...rest);
    };
    syncBuiltinESMExports();`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
