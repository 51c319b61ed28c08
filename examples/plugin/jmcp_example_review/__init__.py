"""Tools for jmcp that look through a notebook before it is handed on."""

from jmcp_example_review.api.ports import Handlers
from jmcp_example_review.api.toolset import toolset
from jmcp_example_review.frames import profile_dataframe
from jmcp_example_review.todos import find_todos

TOOLSET = toolset(Handlers(profile_dataframe=profile_dataframe, find_todos=find_todos))
