import { builtinModules as names } from "node:module";
import type { Plugin } from "esbuild";

const builtin = new RegExp(`^(?:node:.+|${names.join("|")})$`);

/**
 * Takes Node's own modules as programs with `require` do. An `import` makes one of them a module with every export it has,
 * and so runs the getters by which Node puts off loading half of itself: importing `node:http` loads its WebSocket.
 */
export const builtinModules: Plugin = {
  name: "builtin modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: builtin }, ({ path }) => ({
      path: path.startsWith("node:") ? path : `node:${path}`,
      namespace: "builtin",
    }));
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};
