"""Every limit of `make bench`, each beside its reason.

A limit about a ratio holds on any machine, because both sides are measured in the same run. A limit
in milliseconds or seconds is for an unloaded machine of two cores, like those that CI gives.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most or the least that a figure, or its ratio to its reference, may be."""

    reason: str
    at_most: float | None = None
    at_least: float | None = None

    def allows(self, value: float) -> bool:
        return (self.at_most is None or value <= self.at_most) and (
            self.at_least is None or value >= self.at_least
        )

    def short(self, unit: str) -> str:
        """For a table: `<= 2 x`."""
        bound, sign = (self.at_most, "<=") if self.at_most is not None else (self.at_least, ">=")
        return f"{sign} {bound:g} {unit}"

    def sentence(self, unit: str) -> str:
        """For a person: `at most 2 x is the limit.`"""
        bound, word = (
            (self.at_most, "most") if self.at_most is not None else (self.at_least, "least")
        )
        return f"at {word} {f'{bound:g} {unit}'.strip()} is the limit."


# -- CPU per call, in multiples of a tool that does nothing on the same SDK and answers JSON --------

READ_CELL_CPU = Limit(
    at_most=2.0,
    reason="A read looks up a session and one cell: that may cost as much as the protocol around it.",
)
INSERT_CELL_CPU = Limit(
    at_most=3.5,
    reason="An edit also changes the shared document, enters the journal and is saved.",
)
EXECUTE_CELL_CPU = Limit(
    at_most=5.0,
    reason="A run also exchanges some six messages with the kernel and writes outputs.",
)

# -- Many clients -----------------------------------------------------------------------------------

EDITING_CALLS = Limit(
    at_least=250,
    reason="On two cores, where the peer makes about 80 of these calls per second.",
)
RUNNING_CALLS_OF_PEER = Limit(
    at_least=8,
    reason="Running code is what agents wait for; the peer polls where jmcp is told.",
)
RIGHT_RUNS_OF_PEER = Limit(
    at_least=10,
    reason="The peer runs code in the notebook that any client activated last, so most of its "
    "results belong to somebody else.",
)
WRONG_RESULTS = Limit(
    at_most=0, reason="No client may ever get an error or somebody else's result under load."
)
CROWD_P95 = Limit(
    at_most=5,
    reason="A hundred clients wait for their turn on the cores; this is beyond that, for the tail, "
    "for kernels that take their share, and for saves and journals of many notebooks.",
)

# -- What a model reads ------------------------------------------------------------------------------

TUTORIAL_CALLS = Limit(
    at_most=6, reason="Each call is a turn of the model, which costs more than all that it reads."
)
TUTORIAL_SCRIPTS = Limit(
    at_most=2, reason="One script to look for what is broken, one to mend and run it."
)
TUTORIAL_SCRIPTS_KB = Limit(at_most=1, reason="A model gets only what its scripts print.")
TUTORIAL_OF_PEER = Limit(
    at_most=0.5,
    reason="The peer's structure has the text of each result once or twice.",
)
TUTORIAL_TEXT_OF_PEER = Limit(
    at_most=1,
    reason="Half is the goal. The peer's texts are little more than outputs; here they have ids, states and "
    "what to call next too, most of it in the outline of the opened notebook.",
)

# -- Latency of one client in Jupyter ---------------------------------------------------------------

TOOLS_LIST = Limit(at_most=5, reason="Clients ask at each start; the answer is made once and kept.")
TOOLS_LIST_VISIBLE = Limit(
    at_most=18, reason="What a model reads before its first call, about 4,500 tokens."
)
TOOLS_LIST_LOADED = Limit(
    at_most=8,
    reason="The eight tools of everyday work, which clients that defer tools keep loaded; about 2,000 "
    "tokens.",
)
TOOLS_LIST_SIZE = Limit(
    at_most=70,
    reason="Output schemas are two thirds of it. The largest answer of a peer is 42 kB, of fewer tools.",
)
RUN_OF_RAW_KERNEL = Limit(
    at_most=2.5,
    reason="Beyond a raw client of the same kernel: the protocol, and the output in the notebook.",
)
EDIT = Limit(at_most=5, reason="Edits and reads of a small notebook feel immediate in a sequence.")
GROWTH = Limit(
    at_most=2,
    reason="Cells are found by an index and edited in place, so 1,000 cells cost little more "
    "than 10.",
)
VARIABLES = Limit(
    at_most=150,
    reason="Five hundred variables are looked at in the kernel, which is one exchange with it.",
)
SEARCH = Limit(
    at_most=50,
    reason="A thousand cells are looked through in the time of ten edits; only the first regular "
    "expression waits for the start of a process.",
)

# -- Latency of one client on a Jupyter elsewhere ---------------------------------------------------

RUN_OF_RAW_WEBSOCKET = Limit(
    at_most=1.5,
    reason="Beyond a raw websocket to the same kernel with quick acknowledgement: the protocol "
    "and the output in the notebook.",
)
RUN_OF_PEER = Limit(
    at_most=0.05, reason="Twenty times faster than the peer, which polls once a second."
)
REMOTE_EDIT = Limit(
    at_most=8, reason="As in Jupyter, and a round trip to the server that confirms the edit."
)
REMOTE_EDIT_LARGE = Limit(at_most=16, reason="Twice that of a small notebook.")
STDIO_READY = Limit(
    at_most=1.5,
    reason="A client starts the process and waits for its tools before it does anything.",
)

# -- Much work --------------------------------------------------------------------------------------

FLAT_INSERTS = Limit(at_most=1.5, reason="The thousandth insert costs what the first did.")
LOST_LINES = Limit(at_most=0, reason="Output is kept whole, or the result says that it is not.")
RUN_RESULT = Limit(
    at_most=100,
    reason="The most that an execute tool may send of any output, text and data together.",
)
DURABILITY = Limit(
    at_most=1.0,
    reason="That sessions and edits survive a crash is on by default, so it has to be cheap.",
)
LOCAL_HEALTH = Limit(at_most=1, reason="Each run asks first whether its kernel is alive.")
REMOTE_HEALTH = Limit(at_most=10, reason="The same over HTTP, remembered for a moment.")

# -- Process and memory -----------------------------------------------------------------------------

READY = Limit(
    at_most=0.7,
    reason="What jmcp may add to the start of a JupyterLab, its SDK's import included.",
)
MEMORY = Limit(at_most=50, reason="What jmcp may add to the memory of a JupyterLab.")
IDLE_SESSION = Limit(at_most=1024, reason="A million sessions nobody uses fit into a gigabyte.")
READ_CELL_MEMORY = Limit(
    at_most=40, reason="A session remembers a hash of each cell it has read, and its id."
)

# -- Hostile input ----------------------------------------------------------------------------------

PING = Limit(
    at_most=250,
    reason="Whatever one client sends, nobody else waits longer than a person notices.",
)

# -- Soak: what is left of much use, between the end of the warm-up and the end ---------------------

SOAK_DESCRIPTORS = Limit(
    at_most=10,
    reason="What is opened is closed: some sockets and files that come and go, and none for each use.",
)
SOAK_NOTEBOOKS_MEMORY = Limit(
    at_most=30,
    reason="800 notebooks, of which each left 0.35 MB when rooms were not let go of: 280 MB.",
)
SOAK_CLIENTS_MEMORY = Limit(
    at_most=20, reason="4,000 MCP sessions of 61 kB, which were 240 MB when none of them ended."
)
SOAK_KERNELS_MEMORY = Limit(
    at_most=20, reason="400 kernels, each with three sockets, a reader and what was told of it."
)
SOAK_EDITS_MEMORY = Limit(
    at_most=30,
    reason="16,000 edits, whose deleted text a shared document forgets, and which the journal drops "
    "once the file has them.",
)

# -- The workbench -----------------------------------------------------------------------------------

FIRST_PAINT = Limit(at_most=1000, reason="Later than a second, a page seems to be slow.")
PAGE_CODE = Limit(at_most=250, reason="It is fetched over whatever network there is.")
CALL_IN_LOG = Limit(
    at_most=200, reason="A person who watches an agent sees each call as it happens."
)
SWITCH = Limit(at_most=500, reason="The frame and the label go to a notebook in one step.")
INTERACTION = Limit(at_most=100, reason="What answers within a tenth of a second seems immediate.")

# -- A person's JupyterLab beside an agent -------------------------------------------------------------

EDIT_SEEN = Limit(
    at_most=300, reason="A person who looks on sees each edit and each line of a run as it happens."
)
KEY_READ = Limit(
    at_least=95,
    reason="What is typed is a message that goes out with the key; a read within the same few "
    "milliseconds may be before it, and the guard then compares with what comes.",
)
KEYSTROKE = Limit(at_most=5, reason="Typing must feel as without jmcp; a frame is 16 ms.")
LABEXTENSION_CODE = Limit(
    at_most=150, reason="Each page of JupyterLab loads it, whether an agent is there or not."
)
IDLE_TAB = Limit(
    at_most=1, reason="People leave tabs open for days; a hundred are not to matter to a server."
)

# -- Many users on a JupyterHub ------------------------------------------------------------------------

GATEWAY_ADDS = Limit(
    at_most=3,
    reason="A call passes the gateway and once more the Hub's proxy; a tool takes ten times as long.",
)
COLD_START = Limit(
    at_most=1.2, reason="Whoever waits for a server waits for the Hub, and not for the gateway too."
)
GATEWAY_MEMORY = Limit(
    at_most=100, reason="It runs beside the Hub, which has a good 100 MB itself, whoever uses it."
)
