"""Prompts by name, in the order of the spec."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp.core.calls.prompts import Prompt, PromptArgument

PROMPTS: Mapping[str, Prompt] = {
    prompt.name: prompt
    for prompt in (
        Prompt(
            name="jupyter_cite",
            title="Cite cells",
            description="Put cells of a notebook, with what they show, in front of a question or a task.",
            arguments=(
                PromptArgument(
                    name="prompt",
                    description="What to do with the cells.",
                    required=True,
                    completes=None,
                ),
                PromptArgument(
                    name="cell_indices",
                    description="Cells, counted from 0: 0-2,4 or 3- for all from the fourth on.",
                    required=True,
                    completes=None,
                ),
                PromptArgument(
                    name="notebook_name",
                    description="Path of the notebook, or its name in your session; without it, the current one.",
                    required=False,
                    completes="notebook",
                ),
            ),
            cites="cite_cells",
            citing={"cell_indices": "cell_indices", "notebook_path": "notebook_name"},
            text=(
                "These are cells of a notebook that is open in Jupyter, as they are now:\n"
                "\n"
                "{{ cited }}\n"
                "\n"
                "{{ prompt }}\n"
            ),
        ),
        Prompt(
            name="mend_cell",
            title="Mend a cell",
            description="Find why a cell fails, mend the cause, and show that what follows works.",
            arguments=(
                PromptArgument(
                    name="notebook_path",
                    description="Path of the notebook.",
                    required=True,
                    completes="notebook",
                ),
                PromptArgument(
                    name="cell_id",
                    description="Id of the cell; without it, the first one that failed.",
                    required=False,
                    completes="cell",
                ),
                PromptArgument(
                    name="symptom",
                    description="What is wrong, where it is not an exception: a wrong number, an empty plot.",
                    required=False,
                    completes=None,
                ),
            ),
            cites=None,
            citing={},
            text=(
                "Find out why {% if cell_id %}the cell with id {{ cell_id }}{% else %}a cell{% endif %} of the notebook {{ notebook_path }} does not work, and mend the cause.\n"
                "{% if symptom %}\n"
                "What is wrong: {{ symptom }}\n"
                "{% endif %}\n"
                "\n"
                "1. Open the notebook with use_notebook, and pass its session_id on every later call.\n"
                "{% if cell_id %}\n"
                "2. Read the cell with read_cell: its source, and its exception if there is one.\n"
                "{% else %}\n"
                "2. List the cells with read_notebook. Begin with the first one whose state is error, and read it with read_cell. If none failed and no symptom is named, ask before you run the notebook to find one.\n"
                "{% endif %}\n"
                "3. Look for the cause before you change anything: list_variables shows what the kernel holds, search_notebook where a name is made, and a state of stale says that a cell above was not run again. Try what you suppose with execute_code, which leaves no cell behind.\n"
                "4. Say in one sentence what the cause is. It may be in a cell above the one that fails.\n"
                "5. Mend it where it is, with as small an edit_cell_source as will do. Do not catch an exception to be rid of it, and do not delete a check.\n"
                "6. Run the mended cell and those that depend on it with run_cells, and read what they show.\n"
                "7. Report the cause, the cells that you changed by id, and what you could not check. undo_change takes an edit back if it did not help.\n"
            ),
        ),
        Prompt(
            name="tidy_notebook",
            title="Tidy and explain",
            description="Make a notebook readable for somebody who has not seen it, without changing what it computes.",
            arguments=(
                PromptArgument(
                    name="notebook_path",
                    description="Path of the notebook.",
                    required=True,
                    completes="notebook",
                ),
                PromptArgument(
                    name="reader",
                    description="Who is to read it, as: a manager, a new colleague, me in a year.",
                    required=False,
                    completes=None,
                ),
            ),
            cites=None,
            citing={},
            text=(
                "Make the notebook {{ notebook_path }} readable for {% if reader %}this reader: {{ reader }}{% else %}somebody who has not seen it{% endif %}. What it computes stays the same.\n"
                "\n"
                "1. Open it with use_notebook, and pass its session_id on every later call. Read all of it with read_notebook (response_format detailed, include_outputs) before you change anything.\n"
                "2. Say in a few sentences what it does, in which steps, and what its results are. Name what you do not understand; ask where it matters.\n"
                "3. Plan, and show the plan before you carry it out: a title and a summary of the results on top, a heading for each step, one or two sentences before a step that say why, and after a result what it says. Text belongs in markdown cells; comments stay few.\n"
                "4. Carry it out with apply_edits, one call for each step. Split a cell that does several things; put imports and constants on top. Do not rename, reorder or rewrite code beyond that, and delete a cell only after you have named it.\n"
                "5. If cells were split or moved, ask whether to run the notebook from the top, since a run may take long and write files. Then run_cells shows whether the results are those of before; where they are not, undo_change the edit that changed them.\n"
                "6. Report what you changed and what a person should look at.\n"
            ),
        ),
    )
}
