"""Converts a notebook with nbconvert; runs as a process of its own, which can be ended.

On its standard input comes JSON: `format`, `name` and the `folder` where `notebook.json` is. It writes
the files there, numbered from 0, and answers with JSON: their names, of which the first is the
notebook's, or `error`, why there are none.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import Any

IMAGES = "_files"
"""Ends the name of the folder of a notebook's images."""


def converted(notebook: dict[str, Any], kind: str, name: str) -> dict[str, bytes]:
    """The files by name, the notebook itself first. Raises what nbconvert raises."""
    # A second of imports, and only here: in the process that is ended afterwards.
    import nbformat
    from nbconvert.exporters import HTMLExporter, MarkdownExporter, PythonExporter

    made: dict[str, Any] = {"html": HTMLExporter, "md": MarkdownExporter, "py": PythonExporter}
    resources = {
        "metadata": {"name": name},
        "unique_key": name,
        "output_files_dir": name + IMAGES,
    }
    node: Any = nbformat.from_dict(notebook)
    text, found = made[kind]().from_notebook_node(node, resources=resources)
    files = {f"{name}.{kind}": text.encode("utf-8", "replace")}
    for path, data in (found.get("outputs") or {}).items():
        folder, _, file = str(path).replace("\\", "/").rpartition("/")
        # Attachments have names that anybody could choose: none leads anywhere else.
        if folder == name + IMAGES and file not in ("", ".", ".."):
            files[f"{folder}/{file}"] = data
    return files


def main() -> None:
    # jsonschema does without; importing it builds grammars for longer than all else here takes.
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    asked = json.load(sys.stdin)
    folder = Path(asked["folder"])
    notebook = json.loads((folder / "notebook.json").read_bytes())
    answer: dict[str, Any]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            files = converted(notebook, asked["format"], asked["name"])
    except ImportError as error:
        answer = {"missing": error.name or str(error)}
    except Exception as error:  # noqa: BLE001  whatever nbconvert and its templates raise
        answer = {"error": f"{type(error).__name__}: {error}"}
    else:
        for number, data in enumerate(files.values()):
            (folder / str(number)).write_bytes(data)
        answer = {"files": list(files)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
