"""Sizes that multiply: each is bounded where it is made."""

from __future__ import annotations

CELL_CHARACTERS = 1_000_000
"""Of the source of one cell."""
NOTEBOOK_MIB = 512
"""Of one notebook's file, unless the server's configuration says otherwise."""
RESULT_CHARACTERS = 20_000
"""Of all outputs in one result, about 5,000 tokens: below where clients cut (25,000)."""
LIST_CHARACTERS = 40_000
"""Of the rows of a list in one result, about 10,000 tokens; the rest is its next page."""
OUTPUT_CHARACTERS = 4_000
"""Of one output in one result; read_cell has pages of the rest."""
OUTPUT_PAGE_CHARACTERS = 100_000
"""Of one output in a page of read_cell."""
SHORT_OUTPUT_CHARACTERS = 1_000
"""Of one output in a result of the tools of compat without full_output."""
FULL_OUTPUT_CHARACTERS = 40_000
"""Of one output in a result of the tools of compat with full_output, and of all outputs of a cell there."""
RESULT_OUTPUTS = 100
"""Outputs in one result, the first and the last ones; read_cell starts at any with start_output."""
ERROR_VALUE_CHARACTERS = 1_000
"""Of the name and the message of an exception in one result."""
RESOURCE_BYTES = 10_000_000
"""Of an output that is read by its URI."""
RESOURCE_CHARACTERS = 400_000
"""Of a notebook or a cell as markdown, about 100,000 tokens."""
DIFF_CHARACTERS = 20_000
"""Of a diff in one result."""
QUOTED_SOURCE_CHARACTERS = 4_000
"""Of a source, and of its diff, that an error quotes."""
VIEW_CHARACTERS = 300_000
"""Of the data of outputs that goes to a view beside one result; the view asks for the rest."""
VIEW_PAGE_CHARACTERS = 400_000
"""Of an output in one answer to a view."""
VIEW_OUTPUT_CHARACTERS = 8_000_000
"""Of one output that a view loads; of more it shows the beginning."""
RESULT_LINKS = 8
"""Links to whole outputs in one result; read_cell has those of the others."""
RESULT_IMAGES = 8
"""Images in one result; a model pays some 1,500 tokens for each."""
IMAGE_TEXT_CHARACTERS = 1_000_000
"""Of the base64 of all images in a result of the tools of compat."""
IMAGE_EDGE_PIXELS = 1_568
"""The longest edge of an image in a result; a larger one is scaled down."""
IMAGE_PIXELS = 40_000_000
"""Of an image that is looked at, which takes 4 bytes of memory each."""
IMAGE_BYTES = 32_000_000
"""Of an image that is looked at."""
MESSAGE_BYTES = 64_000_000
"""Of one message of a kernel. Of larger text the beginning is kept, of other outputs only that there was one."""
