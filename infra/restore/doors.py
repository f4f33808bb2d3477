"""Stopping and starting all of a stage's functions, so that nothing changes while tables change.

A stopped function has no concurrency: the API answers 5xx, queues and streams wait, schedules miss
a turn, which their next one makes up for.
"""

from collections.abc import Mapping
from typing import Any

from infra.packaging.functions import FunctionSettings


def close(client: Any, functions: Mapping[str, str]) -> None:
    """Let no function run any more; those that run now go on to their end."""
    for function in functions.values():
        client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)


def any_closed(client: Any, functions: Mapping[str, str]) -> bool:
    """Whether a function is stopped."""
    return any(
        client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
        == 0
        for function in functions.values()
    )


def open_again(
    client: Any, functions: Mapping[str, str], settings: Mapping[str, FunctionSettings]
) -> None:
    """Give each function back what it may have; safe to repeat."""
    for name, function in functions.items():
        reserved = settings[name].reserved_concurrency
        if reserved is None:
            client.delete_function_concurrency(FunctionName=function)
        else:
            client.put_function_concurrency(
                FunctionName=function, ReservedConcurrentExecutions=reserved
            )
