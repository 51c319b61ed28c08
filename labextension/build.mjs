/** Builds the labextension as JupyterLab's builder does, against what JupyterLab 4.4 shares (core/). */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

const builder = createRequire(import.meta.url).resolve("@jupyterlab/builder/lib/build-labextension.js");
const done = spawnSync(process.execPath, [builder, "--core-path", "./core", "."], { stdio: "inherit" });
process.exit(done.status ?? 1);
