/** The keyboard of who types stays in the cell in which they type. */

import type { DocumentRegistry } from "@jupyterlab/docregistry";
import type { INotebookModel, NotebookPanel } from "@jupyterlab/notebook";
import type { YNotebook } from "@jupyter/ydoc";
import { KeptCell } from "./kept_cell";

type Extension = DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel>;

/** For each view of a notebook, whoever shares its document. */
export const keyboard: Extension = {
  createNew: (panel, { model }) => new KeptCell(panel.content, model.sharedModel as YNotebook),
};
