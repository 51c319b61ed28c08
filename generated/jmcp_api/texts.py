"""How each result type reads as text."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "OpenedNotebook": (
        "{{ action }} {{ notebook_path }} ({{ notebook_name }}, {{ cell_count }} cells, document: {{ document }})\n"
        "session_id: {{ session_id }}\n"
        "{{ next }}\n"
        "{% if kernel %}\n"
        "kernel: {{ kernel.kernel_name }} {{ kernel.kernel_id }} ({{ kernel.state }})\n"
        "{% else %}\n"
        "kernel: none yet; the first run starts {{ kernel_name }}\n"
        "{% endif %}\n"
        "{% if cells %}\n"
        "Index\tID\tType\tCount\tFirst line\n"
        "{% for cell in cells %}\n"
        "{{ cell.cell_index }}\t{{ cell.cell_id | tsv }}\t{{ cell.cell_type }}\t{{ cell.execution_count | tsv }}\t{{ cell.first_line | tsv }}{% if cell.line_count > 1 %} (+{{ cell.line_count - 1 }} lines){% endif +%}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
        "{% if cell_count > cells | length %}\n"
        "{{ cell_count - cells | length }} more: read_notebook with start_index {{ cells | length }}.\n"
        "{% endif %}\n"
    ),
    "ReleasedNotebook": (
        "Released {{ released }}; kernel: {{ kernel }}.\n"
        "{% if session_ended %}\n"
        "It was the last notebook, so session {{ session_id }} has ended.\n"
        "{% else %}\n"
        "Current notebook: {{ current_notebook }}\n"
        "{% endif %}\n"
    ),
    "NotebookList": (
        "{{ total }} notebooks ({{ scope }})\n"
        "{% if notebooks %}\n"
        "Path\tName\tSession\tCurrent\tKernel\tState\tSize\tLast modified\n"
        "{% for notebook in notebooks %}\n"
        "{{ notebook.notebook_path | tsv }}\t{{ notebook.notebook_name | tsv }}\t{{ notebook.session_id | tsv }}\t{% if notebook.current %}yes{% endif %}\t{{ notebook.kernel_id | tsv }}\t{{ notebook.kernel_state | tsv }}\t{{ notebook.size | tsv }}\t{{ notebook.last_modified | tsv }}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
        "{% if total > start_index + notebooks | length %}\n"
        "More: start_index {{ start_index + notebooks | length }}.\n"
        "{% endif %}\n"
    ),
    "NotebookContent": (
        "{{ notebook_path }}: {{ cell_count }} cells, from {{ start_index }}\n"
        "{% if cells %}\n"
        "Index\tID\tType\tCount\tFirst line\n"
        "{% for cell in cells %}\n"
        "{{ cell.cell_index }}\t{{ cell.cell_id | tsv }}\t{{ cell.cell_type }}\t{{ cell.execution_count | tsv }}\t{{ cell.first_line | tsv }}{% if cell.line_count > 1 %} (+{{ cell.line_count - 1 }} lines){% endif +%}\n"
        "{% if cell.source %}\n"
        "{{ cell.source }}\n"
        "{% endif %}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
        "{% if cell_count > start_index + cells | length %}\n"
        "{{ cell_count - start_index - cells | length }} more: start_index {{ start_index + cells | length }}.\n"
        "{% endif %}\n"
    ),
    "KernelAction": (
        "Kernel {{ kernel_id }} ({{ kernel_name }}): {{ action }}, now {{ state }}.\n"
    ),
    "Cell": (
        "=== Cell {{ cell_index }} · id {{ cell_id }} · {{ cell_type }}{% if execution_count %} · [{{ execution_count }}]{% endif %} · {{ output_count }} outputs ===\n"
        "{{ source }}\n"
        "{% if outputs %}\n"
        "{% for output in outputs %}\n"
        "--- {{ output.output_type }}{% if output.name %} {{ output.name }}{% endif %}{% if output.mime_types %} ({{ output.mime_types | join(', ') }}){% endif %} ---\n"
        "{% if output.text %}\n"
        "{{ output.text }}\n"
        "{% endif %}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
    ),
    "CellChange": (
        "{{ change }}: cell {{ cell_index }}, id {{ cell_id }}; {{ cell_count }} cells, {{ saved }}\n"
        "{% if diff %}\n"
        "{{ diff }}\n"
        "{% endif %}\n"
        "{% if neighbours %}\n"
        "Index\tID\tType\tCount\tFirst line\n"
        "{% for cell in neighbours %}\n"
        "{{ cell.cell_index }}\t{{ cell.cell_id | tsv }}\t{{ cell.cell_type }}\t{{ cell.execution_count | tsv }}\t{{ cell.first_line | tsv }}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
    ),
    "DeletedCells": (
        "Deleted {{ deleted | length }}; {{ cell_count }} cells left, {{ saved }}\n"
        "{% for cell in deleted %}\n"
        "--- was cell {{ cell.cell_index }}, id {{ cell.cell_id }}, {{ cell.cell_type }} ---\n"
        "{% if cell.source %}\n"
        "{{ cell.source }}\n"
        "{% endif %}\n"
        "{% endfor %}\n"
    ),
    "Execution": (
        "{{ status }}{% if execution_count %} [{{ execution_count }}]{% endif %}{% if cell_id %} · cell {{ cell_index }}, id {{ cell_id }}{% endif %} · {{ seconds }} s\n"
        "{% for output in outputs %}\n"
        "{% if output.name == 'stderr' %}\n"
        "stderr:\n"
        "{% endif %}\n"
        "{% if output.text %}\n"
        "{{ output.text }}\n"
        "{% elif output.mime_types %}\n"
        "({{ output.mime_types | join(', ') }})\n"
        "{% endif %}\n"
        "{% endfor %}\n"
        "{% if status == 'running' %}\n"
        "Still running (execution {{ execution_id }}): read_cell shows its outputs, interrupt_kernel stops it.\n"
        "{% endif %}\n"
    ),
    "FileList": (
        "{{ total }} entries below {{ path or 'the root' }}\n"
        "{% if files %}\n"
        "Path\tType\tSize\tLast modified\n"
        "{% for file in files %}\n"
        "{{ file.path | tsv }}\t{{ file.type }}\t{{ file.size | tsv }}\t{{ file.last_modified }}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
        "{% if total > start_index + files | length %}\n"
        "More: start_index {{ start_index + files | length }}.\n"
        "{% endif %}\n"
    ),
    "KernelList": (
        "{{ kernels | length }} kernels running\n"
        "{% if kernels %}\n"
        "ID\tName\tDisplay name\tLanguage\tState\tConnections\tLast activity\tNotebook\n"
        "{% for kernel in kernels %}\n"
        "{{ kernel.kernel_id }}\t{{ kernel.kernel_name | tsv }}\t{{ kernel.display_name | tsv }}\t{{ kernel.language | tsv }}\t{{ kernel.state }}\t{{ kernel.connections }}\t{{ kernel.last_activity }}\t{{ kernel.notebook_path | tsv }}\n"
        "{% endfor %}\n"
        "{% endif %}\n"
        "Kernelspecs:{% for spec in kernelspecs %} {{ spec.kernel_name | tsv }}{% if spec.default %} (default){% endif %}{% endfor %}\n"
        "\n"
    ),
}
