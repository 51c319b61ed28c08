import { render } from "preact";
import "../styles/theme.css";
import { App } from "./app";
import "./workbench.css";

const root = document.getElementById("workbench");
if (root) render(<App />, root);
