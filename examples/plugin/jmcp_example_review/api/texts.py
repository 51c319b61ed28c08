"""How each result type reads as text."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, str] = {
    "FrameProfile": (
        "{{ name }}: {{ row_count | counted('row') }}, {{ size }} bytes{% if duplicates %}, {{ duplicates | counted('duplicate') }}{% endif +%}\n"
        "Column\tType\tMissing\tDistinct\tMinimum\tMaximum\tTop\n"
        "{% for one in columns %}\n"
        "{{ one.column | tsv }}\t{{ one.dtype | tsv }}\t{{ one.missing }}\t{{ one.distinct | tsv }}\t{{ one.minimum | tsv }}\t{{ one.maximum | tsv }}\t{{ one.top | tsv }}\n"
        "{% endfor %}\n"
        "{% if more %}\n"
        "{{ more.count }} more: start_index {{ more.start_index }}.\n"
        "{% endif %}\n"
    ),
    "TodoList": (
        "{{ todos | length | counted('note') }} for later\n"
        "{% for todo in todos %}\n"
        "{{ todo.mark }}\tcell {{ todo.cell_index }} ({{ todo.cell_id | tsv }}), line {{ todo.line }}\t{{ todo.text | tsv }}\n"
        "{% endfor %}\n"
    ),
}
