"""What the numbers of messages prove."""

from __future__ import annotations

from jmcp_jupyter.kernels.remote.message_counter import MessageCounter, MessageSpan

NUDGE = {"msg_id": "n", "msg_type": "kernel_info_request"}
USAGE = {"msg_id": "u", "msg_type": "usage_request"}
RUN = {"msg_id": "r", "msg_type": "execute_request"}


def span(*numbers: int, start: int = 10) -> MessageSpan:
    made = MessageSpan(start)
    for number in numbers:
        made.published(number, RUN, None, mine=True)
    return made


def verdict(made: MessageSpan) -> str:
    assert not (made.complete and made.has_gap)
    return "whole" if made.complete else "holed" if made.has_gap else "unclear"


def test_a_gap_is_a_hole_wherever_it_is() -> None:
    assert verdict(span()) == "whole"
    assert verdict(span(11, 12, 13)) == "whole"
    assert verdict(span(12, 13)) == "holed"
    assert verdict(span(11, 13)) == "holed"
    assert verdict(span(9, 10, 11)) == "whole"  # what was before does not count

    made = span(11, 13)  # the reply comes on another channel, and may be late
    made.replied(12)
    assert verdict(made) == "whole"


def test_replies_to_others_are_no_holes() -> None:
    made = span(11)
    made.published(12, NUDGE, "busy", mine=False)
    made.published(14, NUDGE, "idle", mine=False)
    assert verdict(made) == "whole"
    made.published(16, RUN, None, mine=True)
    assert verdict(made) == "holed"

    # Whether any other request was answered is not certain: neither proof.
    made = span(11)
    made.published(12, USAGE, "busy", mine=False)
    assert verdict(made) == "whole"
    made.published(14, USAGE, "idle", mine=False)
    assert verdict(made) == "unclear"

    # A nudge that began before the span may have had its reply before.
    made = span(11)
    made.published(13, NUDGE, "idle", mine=False)
    assert verdict(made) == "unclear"


def test_only_the_kernels_own_process_has_numbers() -> None:
    numbers = MessageCounter()
    assert numbers.number_of({"msg_id": "s_7_3"}) is None
    assert numbers.number_of({"msg_id": "s_1_4"}, status=True) == 4
    assert numbers.number_of({"msg_id": "s_1_5"}) == 5
    assert numbers.number_of({"msg_id": "s_7_5"}) is None
    assert numbers.number_of({"msg_id": "7b1d-22"}) is None
