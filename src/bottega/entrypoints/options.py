"""Options of a command as one struct: `taking(Options)` turns a function of that struct into a command that typer reads.

For commands with more options than a function has parameters. A field's annotation is what typer would find on a
parameter: `Annotated[float, typer.Option(help="…")]`, with its default.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def taking(options: type[S]) -> Callable[[Callable[[S], None]], Callable[..., None]]:
    """Decorator: the function gets the struct, the command line its fields as arguments and options."""

    def made(function: Callable[[S], None]) -> Callable[..., None]:
        hints = get_type_hints(options, include_extras=True)
        parameters = [
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
            )
            for field in msgspec.structs.fields(options)
        ]

        def command(**given: Any) -> None:
            function(options(**given))

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = {each.name: each.annotation for each in parameters}
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return command

    return made
