/** Where a person is in an editor: cursors and selections, and where they are in another version of its
 * text. */

import type { CodeEditor } from "@jupyterlab/codeeditor";
import { changes, type Change } from "../rooms/text_diff";

export class Cursors {
  private readonly text: string;
  /** Of each where it begins and where the cursor is. */
  private readonly ranges: readonly (readonly [anchor: number, head: number])[];

  constructor(editor: CodeEditor.IEditor) {
    this.text = textOf(editor);
    const cursor = editor.getOffsetAt(editor.getCursorPosition());
    this.ranges = editor.getSelections().map(({ start, end }) => {
      const [from, to] = [editor.getOffsetAt(start), editor.getOffsetAt(end)];
      return from === cursor ? [to, from] : [from, to];
    });
  }

  /** Set the same ones in an editor whose text may be another. */
  place(editor: CodeEditor.IEditor): void {
    const changed = changes(this.text, textOf(editor));
    const position = (offset: number): CodeEditor.IPosition => editor.getPositionAt(moved(offset, changed))!;
    editor.setSelections(this.ranges.map(([start, end]) => ({ start: position(start), end: position(end) })));
  }
}

/** As it is in the editor: the text of a cell that is removed is gone already. */
function textOf(editor: CodeEditor.IEditor): string {
  return Array.from({ length: editor.lineCount }, (_, line) => editor.getLine(line)).join("\n");
}

function moved(offset: number, changed: readonly Change[]): number {
  let shift = 0;
  for (const { start, end, text } of changed) {
    if (offset <= start) break;
    if (offset < end) return start + shift + Math.min(offset - start, text.length);
    shift += text.length - (end - start);
  }
  return offset + shift;
}
