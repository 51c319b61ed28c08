import { render } from "preact";
import { enterWith, takeTicket } from "../server/ticket";
import "../styles/theme.css";
import { App } from "./app";
import { keepFocus } from "./kept-focus";
import { connection } from "./state";
import "./workbench.css";

const ticket = takeTicket();
if (ticket !== null) await enterWith(ticket);
// A page around this one may send it a new ticket, which loads nothing again.
addEventListener("hashchange", () => {
  const next = takeTicket();
  if (next !== null) void enterWith(next).then(() => (connection.value = "connecting"));
});

const root = document.getElementById("workbench");
keepFocus();
if (root) render(<App />, root);
// A page that shows this one in a frame learns that it came up: a login page would not say so. Nothing
// but the name is told, to whoever may frame it.
if (parent !== window) parent.postMessage("jmcp-workbench", "*");
