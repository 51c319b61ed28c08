// What a test does in a page of JupyterLab, and what it sees there in the same moment.
(() => {
  const ROOM = /\/room\//;
  let held = false;
  const waiting = [];
  const sockets = new Set();
  const passed = (socket, action) => (held && ROOM.test(socket.url) ? waiting.push(action) : action());
  window.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      sockets.add(this);
      super.addEventListener("close", () => sockets.delete(this));
    }
    send(data) {
      passed(this, () => this.readyState === 1 && super.send(data));
    }
    addEventListener(type, listener, ...more) {
      if (type !== "message") return super.addEventListener(type, listener, ...more);
      super.addEventListener(type, (event) => passed(this, () => listener.call(this, event)), ...more);
    }
    set onmessage(listener) {
      super.onmessage = listener && ((event) => passed(this, () => listener.call(this, event)));
    }
    get onmessage() {
      return super.onmessage;
    }
  };

  const requests = new Map();
  const plainFetch = window.fetch;
  window.fetch = (...given) => {
    const [asked, options] = given;
    const key = Symbol();
    const method = options?.method ?? asked.method ?? "GET";
    requests.set(key, [`${method} ${asked.url ?? asked}`, performance.now()]);
    return plainFetch(...given).finally(() => requests.delete(key));
  };

  const dialogs = [];
  addEventListener("DOMContentLoaded", () =>
    new MutationObserver((changes) => {
      for (const { addedNodes } of changes)
        for (const node of addedNodes)
          if (node.classList?.contains("jp-Dialog")) {
            const title = node.querySelector(".jp-Dialog-header")?.textContent ?? "";
            dialogs.push(`${title}: ${node.querySelector(".jp-Dialog-body")?.textContent ?? ""}`);
            setTimeout(() => (node.querySelector(".jp-mod-reject") ?? node.querySelector("button"))?.click());
          }
    }).observe(document.body, { childList: true }),
  );

  const opened = (path) => {
    for (const widget of jupyterapp.shell.widgets("main"))
      if (widget.context?.path === path && widget.content.model) return widget;
    throw new Error(`${path} is not open; open: ${[...jupyterapp.shell.widgets("main")].map((w) => w.context?.path)}`);
  };
  /** Make it the one that commands are about. */
  const activated = async (path) => {
    const panel = opened(path);
    const deadline = performance.now() + 5000;
    jupyterapp.shell.activateById(panel.id);
    while (jupyterapp.shell.currentWidget !== panel || !panel.node.contains(document.activeElement)) {
      if (performance.now() > deadline) throw new Error(`${path} does not become the current tab`);
      panel.content.node.focus();
      await new Promise((done) => setTimeout(done));
    }
    return panel;
  };
  const cells = (panel) =>
    [...panel.content.model.sharedModel.cells].map((cell) => [cell.id, cell.cell_type, cell.getSource()]);
  const place = (panel, at) => Math.min(Math.floor(at * panel.content.widgets.length), panel.content.widgets.length - 1);
  const command = (name) => (panel) => void jupyterapp.commands.execute(name);

  const acts = {
    type: (panel, index, to, text) => {
      const { editor } = panel.content.widgets[index];
      editor.setCursorPosition(editor.getPositionAt(editor.model.sharedModel.source.length));
      editor.replaceSelection(text);
    },
    insert: command("notebook:insert-cell-below"),
    move: (panel, index, to) =>
      void jupyterapp.commands.execute(to < 0.5 ? "notebook:move-cell-up" : "notebook:move-cell-down"),
    delete: command("notebook:delete-cell"),
    undo_text: (panel, index) => panel.content.widgets[index].editor.undo(),
    undo_cells: command("notebook:undo-cell-action"),
  };

  const tracked = new Map();
  /** The same calls, which say as long as they last that they do. */
  const told = (calls) =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [
        name,
        typeof call !== "function"
          ? call
          : (...given) => {
              const result = call.apply(calls, given);
              if (!(result instanceof Promise)) return result;
              const key = Symbol();
              tracked.set(key, [`${name} ${given.join(" ")}`, performance.now()]);
              return result.finally(() => tracked.delete(key));
            },
      ]),
    );
  const since = (entries) => [...entries.values()].map(([what, at]) => `${what}, for ${Math.round(performance.now() - at)} ms`);

  window.person = told({
    dialogs,
    /** What is open, and what this page waits for. */
    shown: () => ({
      tabs: [...jupyterapp.shell.widgets("main")].map(({ context, title }) => [
        context?.path ?? title.label,
        context?.isReady,
        context?.model?.dirty,
      ]),
      dialogs,
      calls: since(tracked),
      requests: since(requests),
      sockets: [...sockets].map(({ url, readyState }) => [url.replace(/\?.*/, ""), readyState]),
      held: waiting.length,
    }),
    /** Do something at once, and say what the cells were and are. */
    async act(path, what, at, to, text) {
      const panel = await activated(path);
      const index = place(panel, at);
      panel.content.activeCellIndex = index;
      panel.content.deselectAll();
      panel.content.mode = what === "undo_text" || what === "type" ? "edit" : "command";
      const before = cells(panel);
      acts[what](panel, index, to, text);
      return [before, cells(panel), before[index]?.[0]];
    },
    /** Have the end of a cell's editor get the keys; says which cell that is. */
    async focus(path, at) {
      const panel = await activated(path);
      const index = place(panel, at);
      const cell = panel.content.widgets[index];
      panel.content.activeCellIndex = index;
      panel.content.mode = "edit";
      cell.editor.focus();
      cell.editor.setCursorPosition(cell.editor.getPositionAt(cell.model.sharedModel.source.length));
      return cell.model.id;
    },
    async open(path) {
      const panel = await jupyterapp.commands.execute("docmanager:open", { path, factory: "Notebook" });
      const closed = new Promise((_, fail) =>
        panel.disposed.connect(() => fail(new Error(`${path} was closed again; dialogs: ${dialogs.join(" | ")}`))),
      );
      closed.catch(() => undefined); // later it is no fault
      await Promise.race([panel.context.ready, closed]);
      await panel.revealed;
      await panel.sessionContext.ready;
      return cells(panel);
    },
    paths: () => [...jupyterapp.shell.widgets("main")].flatMap((widget) => widget.context?.path ?? []),
    isOpen: (path) => [...jupyterapp.shell.widgets("main")].some((widget) => widget.context?.path === path),
    cells: (path) => cells(opened(path)),
    outputs: (path) => [...opened(path).content.model.sharedModel.cells].map((cell) => cell.toJSON().outputs ?? []),
    dirty: (path) => opened(path).context.model.dirty,
    async save(path) {
      await activated(path);
      await jupyterapp.commands.execute("docmanager:save");
    },
    /** As a person does who does not wait for the end of it. */
    async startSave(path) {
      await activated(path);
      void jupyterapp.commands.execute("docmanager:save");
    },
    async run(path, at) {
      const panel = await activated(path);
      panel.content.activeCellIndex = place(panel, at);
      await jupyterapp.commands.execute("notebook:run-cell");
    },
    async close(path) {
      const panel = opened(path);
      await panel.context.save();
      panel.close();
    },
    crash: (path) => opened(path).dispose(),
    rename: (path, to) => jupyterapp.serviceManager.contents.rename(path, to).then(() => null),
    closeAll() {
      for (const widget of [...jupyterapp.shell.widgets("main")]) if (widget.context) widget.dispose();
    },
    hold() {
      held = true;
    },
    release() {
      while (waiting.length) waiting.shift()(); // in their order, also those that come meanwhile
      held = false;
    },
    cut() {
      for (const socket of [...sockets]) socket.close();
    },
  });
})();
