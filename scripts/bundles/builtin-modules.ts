import { builtinModules as names } from "node:module";
import process from "node:process";
import type { Plugin } from "esbuild";

const builtin = new RegExp(`^(?:node:.+|${names.join("|")})$`);

/**
 * Loads Node's built-in modules as `require` does. An `import` creates a module with every export, and so
 * runs the getters with which Node defers loading half of itself: importing `node:http` loads its WebSocket.
 */
export const builtinModules: Plugin = {
  name: "builtin modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: builtin }, ({ path, kind }) => ({
      path: path.startsWith("node:") ? path : `node:${path}`,
      namespace: kind === "dynamic-import" ? "imported builtin" : "builtin",
    }));
    onLoad({ filter: /.*/, namespace: "imported builtin" }, ({ path }) => ({
      contents: importedModule(path),
    }));
    onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * The module that `await import()` of a built-in module leads to, which needs named exports in a bundle of several files.
 * Those with a getter are left out.
 */
function importedModule(path: string): string {
  const exported = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(path)));
  const names = exported.filter(([name, { value }]) => value !== undefined && name !== "default");
  return [
    `const module = process.getBuiltinModule(${JSON.stringify(path)});`,
    "export default module;",
    `export const { ${names.map(([name]) => name).join(", ")} } = module;`,
  ].join("\n");
}
