"""Calibrations: begun or gone on with, their results taken, and told."""

from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from starlette.requests import Request

from pointsman.core.calibration import (
    CALIBRATION_AGENT,
    CalibrationResult,
    CalibrationResults,
    CalibrationWanted,
)
from pointsman.core.errors import InvalidRequest, NotFound
from pointsman.core.ports import Control
from pointsman.store import calibrations
from pointsman.store.calibrations import CalibrationRun
from pointsman.store.pool import Pool
from pointsman.web.bodies import read_as
from pointsman.web.database import database
from pointsman.web.operations import Operation, Query
from pointsman.web.queries import number, only

LIMIT: Final = Query("limit", "how many at most (20 when not given)", "integer")


class CalibrationTold(Struct, kw_only=True):
    """A calibration and its results so far."""

    run: CalibrationRun
    results: list[CalibrationResult]


class CalibrationList(Struct, kw_only=True):
    """Calibrations, newest first."""

    runs: list[CalibrationRun]


class ResultsTaken(Struct, kw_only=True):
    """How many of the results were new."""

    new: int


async def begin(control: Control, request: Request) -> Any:
    """Begins a calibration, or finds the one to go on with."""
    wanted = await read_as(request, CalibrationWanted)
    async with database(control) as pool:
        run = await calibrations.begin(pool, wanted)
        return CalibrationTold(run=run, results=await calibrations.results(pool, run.id))


async def listing(control: Control, request: Request) -> Any:
    """The calibrations begun last."""
    only(request, [LIMIT.name])
    async with database(control) as pool:
        return CalibrationList(runs=await calibrations.newest(pool, number(request, LIMIT.name, 20, 1000)))


async def told(control: Control, request: Request) -> Any:
    """One calibration."""
    async with database(control) as pool:
        run = await _named(pool, request)
        return CalibrationTold(run=run, results=await calibrations.results(pool, run.id))


async def take(control: Control, request: Request) -> Any:
    """Takes results."""
    given = await read_as(request, CalibrationResults)
    async with database(control) as pool:
        run = await _named(pool, request)
        if strange := {one.target for one in given.results} - set(run.targets):
            raise InvalidRequest(f"This calibration does not ask {min(strange)!r}.", param="target")
        agent = control.logged_as(CALIBRATION_AGENT)
        new = await calibrations.add(pool, run, given.results, agent, finished=given.finished)
        return ResultsTaken(new=new)


async def _named(pool: Pool, request: Request) -> CalibrationRun:
    text = request.path_params["calibration"]
    try:
        run = await calibrations.get(pool, UUID(text))
    except ValueError:
        run = None
    if run is None:
        raise NotFound(f"There is no calibration {text[:40]!r}; see /api/v1/calibrations.")
    return run


CALIBRATION_OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/calibrations",
        name="begin_calibration",
        what="Begins a calibration, or goes on with the unfinished one of the same digest. It only keeps the "
        "books: `pointsman calibrate` asks the models. No prompt is told here.",
        handler=begin,
        takes=CalibrationWanted,
        gives=CalibrationTold,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/calibrations",
        name="calibrations",
        what="The calibrations begun last.",
        handler=listing,
        queries=(LIMIT,),
        gives=CalibrationList,
        needs_database=True,
    ),
    Operation(
        method="GET",
        path="/calibrations/{calibration}",
        name="calibration",
        what="One calibration and its results so far.",
        handler=told,
        gives=CalibrationTold,
        needs_database=True,
    ),
    Operation(
        method="POST",
        path="/calibrations/{calibration}/results",
        name="take_calibration_results",
        what="Takes results, all or none. Each scored answer becomes an outcome of its request, which "
        "learning counts for all agents. A result that has a score stays as it is.",
        handler=take,
        takes=CalibrationResults,
        gives=ResultsTaken,
        needs_database=True,
    ),
)
"""The operations of calibrations."""
