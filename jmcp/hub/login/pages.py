"""Pages of the gateway that need no script: of a login, of consent, of what went wrong."""

from __future__ import annotations

import base64
import hashlib

from markupsafe import Markup
from starlette.responses import HTMLResponse

STYLE = """
:root { color-scheme: light dark; --text: #1c1c1e; --quiet: #5a5a62; --back: #f4f4f6; --card: #fff;
  --line: #d5d5dc; --act: #b3500a; --on: #fff; --warn: #8a1c1c; }
@media (prefers-color-scheme: dark) { :root { --text: #ececf0; --quiet: #a9a9b4; --back: #17171a;
  --card: #212126; --line: #3d3d46; --act: #f0954a; --on: #1c1208; --warn: #ff9d9d; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; display: grid; min-height: 100vh; place-items: center; }
main { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  max-width: 34rem; width: calc(100% - 2rem); margin: 1rem; padding: 1.75rem 2rem; }
h1 { font-size: 1.3rem; line-height: 1.3; margin: 0 0 1rem; overflow-wrap: anywhere; }
p, ul { margin: 0 0 1rem; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1rem; margin: 0 0 1rem;
  padding: .9rem 1rem; border: 1px solid var(--line); border-radius: 8px; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .92em ui-monospace, monospace; }
.quiet { color: var(--quiet); font-size: .92rem; }
.warn { color: var(--warn); }
form { display: flex; gap: .75rem; flex-wrap: wrap; }
button { font: inherit; padding: .55rem 1.4rem; border-radius: 8px; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: inherit; }
button.act { background: var(--act); border-color: var(--act); color: var(--on); font-weight: 600; }
a { color: var(--act); }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px; }
@media (max-width: 26rem) { dl { grid-template-columns: 1fr; } button { width: 100%; } }
"""
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
FRAME = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="robots" content="noindex"><title>{title}</title><style>{style}</style></head>'
    "<body><main><h1>{heading}</h1>{body}</main></body></html>"
)


class Page(HTMLResponse):
    """A page of its own style and no script, in no frame and no cache; its address is told to nobody.

    With `leads_away` its form may end at whatever place: a browser applies form-action to all redirects
    that follow, those of a client's own address included, and these are not known here.
    """

    def __init__(
        self,
        heading: str,
        body: Markup,
        *,
        status: int = 200,
        leads_away: bool = False,
    ) -> None:
        content = FRAME.format(
            title=heading,
            style=Markup(STYLE),
            heading=heading,
            body=body,
        )
        policy = (
            f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; base-uri 'none'; "
            "frame-ancestors 'none'"
        )
        if not leads_away:
            policy += "; form-action 'self'"
        headers = {
            "Content-Security-Policy": policy,
            "X-Frame-Options": "DENY",
            "X-Content-Type-Options": "nosniff",
            # Not `no-referrer`: with that a browser sends a form with the origin `null`.
            "Referrer-Policy": "same-origin",
            "Cache-Control": "no-store",
        }
        super().__init__(str(content), status_code=status, headers=headers)


def error_page(heading: str, *sentences: str, status: int = 400) -> Page:
    """A page that says what went wrong and what to do."""
    body = Markup("").join(Markup("<p>{}</p>").format(sentence) for sentence in sentences)
    return Page(heading, body, status=status)
