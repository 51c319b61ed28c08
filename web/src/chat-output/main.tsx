/** What a chat client shows for show_output (MCP Apps). */

import { render } from "preact";
import { App } from "./app";
import { connect } from "./host";
import "../styles/theme.css";
import "./chat-output.css";

const place = document.getElementById("app");
if (place !== null) render(<App />, place);
void connect();
