"""Prompts by name, in the order of the spec."""

from __future__ import annotations

from collections.abc import Mapping

from jmcp.core.calls.prompts import Prompt, PromptArgument

PROMPTS: Mapping[str, Prompt] = {
    prompt.name: prompt
    for prompt in (
        Prompt(
            name="ask_about_server",
            title="Ask about the server",
            description="Put what is known of it in front of a question.",
            arguments=(
                PromptArgument(
                    name="question",
                    description="What to ask.",
                    required=True,
                    completes=None,
                ),
                PromptArgument(
                    name="cell_id",
                    description="Which cell it is about.",
                    required=False,
                    completes="cell",
                ),
            ),
            cites="show_server",
            citing={},
            text=(
                "{{ cited }}\n"
                "{% if cell_id %}It is about cell {{ cell_id }}.{% endif %}\n"
                "\n"
                "{{ question }}\n"
            ),
        ),
    )
}
