import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

// A chat client reads the page as one resource and shows it where nothing can be loaded: script and
// styles are in the HTML. That is done once all is written, so that the licences of all are there.
function inOneFile() {
  return {
    name: "in-one-file",
    async writeBundle({ dir }, bundle) {
      if (dir === undefined) throw new Error("there is no folder to write to");
      const page = join(dir, "index.html");
      let html = await readFile(page, "utf8");
      for (const name of Object.keys(bundle).filter((one) => /\.(js|css)$/.test(one))) {
        const text = (await readFile(join(dir, name), "utf8")).trim();
        if (name.endsWith(".js")) {
          html = put(html, new RegExp(`\\s*<script[^>]*src="[^"]*${name}"[^>]*></script>`), "");
          // At the end of the body: it is no module any more that waits for the document.
          const code = text.replaceAll(/<(\/script|!--)/gi, "\\x3c$1");
          html = put(html, /<\/body>/, `  <script>${code}</script>\n  </body>`);
        } else {
          html = put(html, new RegExp(`<link[^>]*href="[^"]*${name}"[^>]*>`), `<style>${text}</style>`);
        }
        await rm(join(dir, name));
      }
      await writeFile(page, html);
    },
  };
}

function put(html, place, text) {
  if (!place.test(html)) throw new Error(`nothing in the page matches ${place}`);
  return html.replace(place, () => text);
}

export default defineConfig({
  root: "src/chat-output",
  base: "./",
  plugins: [preact({ devToolsEnabled: false }), inOneFile()],
  build: {
    outDir: "../../../jmcp/transport/pages/built/chat-output",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "",
    // What the bundled packages ask for of whoever passes them on.
    license: { fileName: "licenses.md" },
    modulePreload: false,
    rolldownOptions: {
      output: { format: "iife", entryFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
