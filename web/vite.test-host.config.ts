import { defineConfig } from "vite";

// A chat client for the tests of the page that chat clients show. It is built by them, into a folder
// of theirs.
export default defineConfig({
  root: "test-host",
  base: "./",
  build: { target: "es2022", rolldownOptions: { output: { entryFileNames: "host.js" } } },
});
