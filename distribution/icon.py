"""The icon of jmcp as PNG: the one that the server gives its clients as SVG."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageDraw

SIZE = 512
"""Pixels of an edge, which MCPB recommends."""
GRID = 16
"""The coordinates of the SVG go from 0 to this."""
OVERSAMPLING = 4
ORANGE, WHITE = "#f37726", "#ffffff"
LINE_WIDTH = 1.6


def icon_png() -> bytes:
    """A prompt, white on an orange square with round corners."""
    scale = SIZE * OVERSAMPLING / GRID
    image = Image.new("RGBA", (SIZE * OVERSAMPLING, SIZE * OVERSAMPLING))
    draw = ImageDraw.Draw(image)
    box = [value * scale for value in (1, 1, 15, 15)]
    draw.rounded_rectangle(box, radius=3 * scale, fill=ORANGE)
    for line in (((4, 5), (7, 8), (4, 11)), ((8, 11), (12, 11))):
        points = [(x * scale, y * scale) for x, y in line]
        draw.line(points, fill=WHITE, width=round(LINE_WIDTH * scale), joint="curve")
    smooth = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    written = BytesIO()
    smooth.save(written, "PNG", optimize=True)
    return written.getvalue()
