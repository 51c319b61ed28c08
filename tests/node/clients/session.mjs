// What an agent does in one session, with either version of the TypeScript SDK: prints a report.
// `callTool` takes the name, the arguments and the options of a request.
export async function session(client, callTool, notebook) {
  const report = { server: client.getServerVersion().name };
  report.tools = (await client.listTools()).tools.map((tool) => tool.name);

  const opened = await callTool("use_notebook", { notebook_path: notebook, mode: "create" });
  const session_id = opened.structuredContent.session_id;

  const progress = [];
  const counting = "import time\nfor i in range(2):\n    print(i, flush=True)\n    time.sleep(0.6)";
  const ran = await callTool(
    "insert_execute_code_cell",
    { session_id, cell_index: -1, cell_source: counting },
    { onprogress: (update) => progress.push(update.progress) },
  );
  report.printed = ran.structuredContent.outputs[0].text;
  report.progress = progress;

  const plot =
    "import base64\nfrom IPython.display import Image, display\n" +
    "display(Image(base64.b64decode('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==')))";
  const shown = await callTool("execute_code", { session_id, code: plot });
  report.images = shown.content.filter((one) => one.type === "image").map((one) => one.mimeType);

  const failed = await callTool("read_cell", { session_id, cell_index: 99 });
  report.error = [failed.isError, failed._meta["jmcp/error"].code];

  const uri = `notebook://${encodeURIComponent(notebook)}`;
  report.resource = (await client.readResource({ uri })).contents[0].text.includes("range(2)");
  report.templates = (await client.listResourceTemplates()).resourceTemplates.length;

  const given = { prompt: "What is this?", cell_indices: "0", notebook_name: notebook };
  const cited = await client.getPrompt({ name: "jupyter_cite", arguments: given });
  report.prompt = cited.messages[0].content.text.includes("What is this?");

  // A cancelled call ends its code: else the next one would wait for a minute.
  const cancel = new AbortController();
  const sleeping = callTool(
    "execute_code",
    { session_id, code: "print('begun', flush=True)\nimport time\ntime.sleep(60)" },
    { signal: cancel.signal, onprogress: () => cancel.abort("enough") },
  );
  report.cancelled = await sleeping.then(() => "not", () => "rejected");
  const after = await callTool("execute_code", { session_id, code: "6 * 7" });
  report.after = after.structuredContent.outputs[0].text;

  await callTool("unuse_notebook", { session_id, kernel: "stop" });
  return report;
}
