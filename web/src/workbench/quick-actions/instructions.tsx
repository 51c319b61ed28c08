/** What to do with the page, for who sees it for the first time. */

export function Instructions() {
  return (
    <details class="quick-instructions">
      <summary>How to use this page</summary>
      <ol>
        <li>Create Analysis 1, or choose a notebook under Sessions. JupyterLab shows it, and MCP target names it.</li>
        <li>Add a cell, or execute one: it appears in JupyterLab at once, and its output here.</li>
        <li>Create Analysis 2 and switch between both. What you add goes to the notebook that MCP target names.</li>
        <li>In invisible mode JupyterLab is hidden. Kernels and calls go on, and it is as it was when it comes back.</li>
      </ol>
      <p>
        The page calls tools in a session of its own: agents keep theirs, and are told what you changed. All other
        tools are under Tools.
      </p>
    </details>
  );
}
