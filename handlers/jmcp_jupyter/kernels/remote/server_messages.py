"""Messages on a kernel's channel that Jupyter Server made itself, and not the kernel."""

from __future__ import annotations

from jmcp_jupyter.kernels.common.messages import ChannelIdentity, Message

PROCESS_STATES = ("restarting", "autorestarting", "dead")
"""Execution states that only the server tells: what becomes of the kernel's process."""

OUTPUT_LIMIT_WORDS = ("IOPub data rate exceeded", "IOPub message rate exceeded")
"""How the server's words begin when it drops outputs."""


def made_by_server(message: Message, identity: ChannelIdentity, kernel_session: str | None) -> bool:
    """Whether the server made this message.

    It does so under the session of the channel, and not under our user name, which kernels that
    echo the session echo as well. A gateway behind the server has a channel of its own.
    `kernel_session` is that of the kernel's own messages, as far as it was heard: user code that
    prints the same words prints as the kernel.
    """
    if message.session == identity.session:
        return message.header.get("username") != identity.username
    if message.kind == "status":
        return message.state in PROCESS_STATES
    return (
        message.kind == "stream"
        and kernel_session is not None
        and message.session != kernel_session
        and str(message.content.get("text", "")).startswith(OUTPUT_LIMIT_WORDS)
    )
