import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// The page of the gateway of a JupyterHub: at the service's path, its files below platform/.
export default defineConfig({
  root: "src/platform",
  base: "./",
  experimental: {
    renderBuiltUrl: (file, { hostType }) =>
      hostType === "html" ? `platform/${file}` : { relative: true },
  },
  plugins: [preact({ devToolsEnabled: false })],
  build: {
    outDir: "../../../jmcp/transport/pages/built/platform",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "",
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "[name][extname]",
      },
    },
  },
});
