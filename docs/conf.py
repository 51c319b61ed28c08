"""How Sphinx builds the site from this folder; `make docs` runs it."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for spec_reference, beside this file

project = "jmcp"
author = "the authors of jmcp"
version = release = metadata.version("jmcp")
extensions = ["myst_parser", "spec_reference"]
exclude_patterns = ["pictures/*.py"]

myst_heading_anchors = 4  # as on GitHub, where the same pages are read
myst_enable_extensions = ["colon_fence", "fieldlist"]

html_theme = "pydata_sphinx_theme"
html_title = "jmcp"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_sidebars: dict[str, list[str]] = {"tutorial": [], "installing": []}  # nothing is below them
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "navbar_end": ["theme-switcher"],
    "footer_start": [],
    "footer_end": [],
    "header_links_before_dropdown": 6,
}
