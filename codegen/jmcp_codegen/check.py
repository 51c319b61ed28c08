from jmcp_codegen.load import Spec


def check(spec: Spec) -> None: ...
