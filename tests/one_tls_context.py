"""Imported for what it does: HTTP clients of the tests share the TLS settings that each would make.

No server of the tests speaks TLS, but reading the machine's certificates takes 23 ms of CPU, for each of
some thousand clients.
"""

from functools import cache

import httpcore2

httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)
