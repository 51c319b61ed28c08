import { render } from "preact";
import "../styles/theme.css";
import { App } from "./app";
import "./platform.css";
import { begin } from "./state";

const root = document.getElementById("platform");
if (root) render(<App />, root);
void begin();
