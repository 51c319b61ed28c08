"""The examples of toolset.yaml, each on a real server with a real kernel."""

from jmcp.testing import example_tests

test_example = example_tests("review")
