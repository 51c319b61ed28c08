/** A call as a text that can be pasted elsewhere. */

import { serverUrl } from "../../server/address";
import type { CallRow } from "../state";
import { isCut, type CallContents } from "./contents";

const SESSION = "session_id";
/** Stands for what the page does not know, which the shell will ask for. */
const SESSION_VARIABLE = "$SESSION_ID";

export function asJson(row: CallRow, contents: CallContents): string {
  const { arguments: args, result, error } = contents;
  // Its whole id lets whoever has it use the session.
  const { session_id: _, ...shown } = row;
  return JSON.stringify({ ...shown, arguments: args, result, error }, null, 2);
}

/** For a shell, with the token and the session's id as variables: the log has neither. */
export function asCurl(row: CallRow, contents: CallContents): string {
  const body = JSON.stringify({ tool_name: row.tool, arguments: withSession(contents.arguments) });
  return [
    `curl ${quoted(serverUrl("/mcp/tools/call"))}`,
    `-H "Authorization: Bearer $JMCP_TOKEN"`,
    "-H 'Content-Type: application/json'",
    `-d ${quoted(body)}`,
  ].join(" \\\n  ");
}

/** The same with `jmcp call`, which keeps a session of its own for the terminal. */
export function asCommand(row: CallRow, contents: CallContents): string {
  const given = Object.entries(contents.arguments as Record<string, unknown>);
  const words = given
    .filter(([name, value]) => name !== SESSION && value !== null)
    .flatMap(([name, value]) => values(value).map((one) => `--${name}=${quoted(one)}`));
  const command = ["jmcp call", row.tool, ...words].join(" ");
  // Which `jmcp call` would read from stdin.
  return given.some(([, value]) => value === "-") ? `printf - | ${command}` : command;
}

/** Whether all arguments are known, so that the call can be made again. */
export function isWhole(contents: CallContents): boolean {
  return typeof contents.arguments === "object" && !isCut(contents.arguments);
}

function withSession(args: unknown): unknown {
  const given = args as Record<string, unknown>;
  return SESSION in given ? { ...given, [SESSION]: SESSION_VARIABLE } : given;
}

/** One word for a POSIX shell, in which SESSION_VARIABLE alone is a variable. */
function quoted(text: string): string {
  const word = `'${text.replaceAll("'", `'\\''`)}'`;
  return word.replaceAll(`"${SESSION}":"${SESSION_VARIABLE}"`, `"${SESSION}":"'"${SESSION_VARIABLE}"'"`);
}

/** The words for an argument: a list of plain values is one option for each of them. */
function values(value: unknown): string[] {
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.flatMap(values);
  if (typeof value !== "string") return [JSON.stringify(value)];
  // A text that begins with @ would be the name of a file.
  return [value.startsWith("@") ? `@${value}` : value];
}
