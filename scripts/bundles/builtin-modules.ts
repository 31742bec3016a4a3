import { builtinModules as names } from "node:module";
import type { Plugin } from "esbuild";

const builtin = new RegExp(`^(?:node:.+|${names.join("|")})$`);

/**
 * Loads Node's built-in modules as `require` does. An `import` creates a module with every export, and so
 * runs the getters with which Node defers loading half of itself: importing `node:http` loads its WebSocket.
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
