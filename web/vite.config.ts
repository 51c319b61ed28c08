import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

const PLAIN_MARKDOWN = new URL("src/workbench/console/form/plain-markdown.ts", import.meta.url);

// What it builds is committed, so that an installation needs no Node: names have no hashes, which
// would be other files with each change, and the server lets browsers ask for them by ETag.
export default defineConfig({
  root: "src/workbench",
  base: "./",
  // The page is at /jmcp/workbench, its files below /jmcp/workbench/.
  experimental: {
    renderBuiltUrl: (file, { hostType }) =>
      hostType === "html" ? `workbench/${file}` : { relative: true },
  },
  plugins: [preact({ devToolsEnabled: false })],
  resolve: { alias: { "markdown-to-jsx/react": decodeURIComponent(PLAIN_MARKDOWN.pathname) } },
  build: {
    outDir: "../../../jmcp/transport/pages/built/workbench",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "",
    assetsInlineLimit: 0,
    // What the bundled packages ask for of whoever passes them on.
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
