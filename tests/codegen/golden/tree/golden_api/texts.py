"""How each result type reads as text."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "Opened": (
        "{% if kernel %}\n"
        "{{ kernel.name }} ({{ kernel.state }})\n"
        "{% else %}\n"
        "no kernel\n"
        "{% endif %}\n"
        "{% for cell in cells %}\n"
        "{{ loop.index }}\t{{ cell.cell_id | tsv }}\t{{ cell.source | tsv }}\n"
        "{% endfor %}\n"
        "session_id: {{ session_id }}\n"
    ),
    "Cell": ("{{ cell_id | tsv }}{% if count %} [{{ count }}]{% endif %}: {{ source }}\n"),
    "Removed": ("{{ total }} left\n"),
    "Server": (
        "{% for kernel in kernels if kernel.state == 'busy' %}\n"
        "{{ kernel.name }} at {{ load }}\n"
        "{% endfor %}\n"
        "{{ kernels | length }} in all\n"
    ),
}
