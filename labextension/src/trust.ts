/** A cell that a person ran may run scripts in the page; once an agent has run it, it may not any more. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { ICellModel, ICodeCellModel } from "@jupyterlab/cells";
import { INotebookTracker, type NotebookPanel } from "@jupyterlab/notebook";

const MARK = "trusted";

/** What JupyterLab's model of a code cell writes into the document when outputs change in the page. */
interface Writing {
  onOutputsChange: Parameters<ICodeCellModel["outputs"]["changed"]["connect"]>[0];
}

export const trust: JupyterFrontEndPlugin<void> = {
  id: "jmcp-labextension:trust",
  description: "Has outputs of agents' runs run no scripts, also in cells that you ran before.",
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker): void => {
    tracker.forEach(watch);
    tracker.widgetAdded.connect((_, panel) => watch(panel));
  },
};

function watch(panel: NotebookPanel): void {
  const cells = panel.context.model.cells;
  const known = new WeakSet<ICellModel>();
  const follow = (): void => {
    for (const cell of cells) {
      if (cell.type !== "code" || known.has(cell)) continue;
      known.add(cell);
      // JupyterLab reads the mark when it makes its model of a cell, and never again.
      cell.sharedModel.metadataChanged.connect((_, { key, newValue }) => {
        if (key === MARK && newValue !== true) distrust(cell as ICodeCellModel);
      });
    }
  };
  follow();
  cells.changed.connect(follow);
}

/** Take the trust of a cell away before its next outputs come. */
function distrust(cell: ICodeCellModel): void {
  if (!cell.trusted) return;
  const { outputs } = cell;
  const { onOutputsChange } = cell as unknown as Writing;
  // JupyterLab makes the outputs anew, and would put those of before into the document once more.
  outputs.changed.disconnect(onOutputsChange, cell);
  cell.trusted = false;
  outputs.changed.connect(onOutputsChange, cell);
}
