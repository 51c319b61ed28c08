"""Installing packages into the interpreter of a kernel."""

from __future__ import annotations

from jmcp.core.runs.record.run import Run
from jmcp.core.sessions.notebook import Notebook
from jmcp.core.sessions.session import Session
from jmcp_api import phrases
from jmcp_api.errors import KernelUnable
from jmcp_api.models import Installation, InstallPackagesParams
from jmcp_handlers.support.packages.installation import Report, printed, question
from jmcp_handlers.support.packages.requirements import checked
from jmcp_handlers.support.pages import fitting
from jmcp_handlers.support.run_results import run_result

TAIL_CHARACTERS = 4_000
"""Characters of the end of an installer's output, where it failed or goes on."""


async def install_packages(params: InstallPackagesParams, session: Session) -> Installation:
    requirements, names = checked(params.packages)
    notebook = await session.notebook(params.notebook_path)
    kernel_name = (await notebook.read()).kernelspec()
    await _check_language(notebook, kernel_name, session)
    run = await notebook.run(
        phrases.installing(packages=requirements),
        kernel_name=kernel_name,
        cell=None,
        timeout=params.timeout,
        expression=question(requirements, names, upgrade=params.upgrade),
    )
    await session.watch(run, params.wait)
    return await _installation(run, session)


async def _installation(run: Run, session: Session) -> Installation:
    """How far it is, with the notices that `run_result` finds. Raises what kept it from running."""
    result = await run_result(run, session)
    report = Report.of(run.outputs)
    if report is None and run.status == "ok":
        name = await _kernel_name(run.request.kernel_id or "", session)
        raise KernelUnable.install_packages_unanswered(kernel_name=name)
    packages = fitting((one, len(one.name)) for one in report.packages) if report else []
    left = len(report.packages) - len(packages) + report.left_out if report else 0
    return Installation(
        status=result.status,
        execution_id=result.execution_id,
        seconds=result.seconds,
        installer=report.installer if report else None,
        packages=packages,
        left_out=left or None,
        imported=list(report.imported) or None if report else None,
        output=None if result.status == "ok" else printed(run.outputs)[-TAIL_CHARACTERS:] or None,
        waits_for=result.waits_for,
        next=result.next,
    )


async def _check_language(notebook: Notebook, kernel_name: str | None, session: Session) -> None:
    """Raises kernel_unable for a kernel of another language, before one is started."""
    kernel_id = await notebook.kernel.running()
    kernel = await session.workspace.kernel(kernel_id) if kernel_id is not None else None
    if kernel is not None:
        name, language = kernel.kernel_name, kernel.language
    else:
        specs, default = await session.workspace.kernelspecs()
        name = notebook.held.kernel_name or kernel_name or default
        language = next((spec.language for spec in specs if spec.name == name), "")
    if language and language.lower() != "python":
        raise KernelUnable.install_packages(kernel_name=name, language=language)


async def _kernel_name(kernel_id: str, session: Session) -> str:
    kernel = await session.workspace.kernel(kernel_id)
    return kernel.kernel_name if kernel is not None else kernel_id
