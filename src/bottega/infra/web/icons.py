"""Icons: 24 x 24, 1.75 round strokes in the current colour, drawn for this project.

Decoration beside words, so hidden from assistive technology; a control that has only an icon carries its own name.
"""

from functools import lru_cache

from markupsafe import Markup

_PATHS = {
    "back": "M19 12H5M11 6l-6 6 6 6",
    "bag": "M6 8h12l1 12H5zM9 10V7a3 3 0 0 1 6 0v3",
    "bell": "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5a2 2 0 0 0 4 0",
    "card": "M3 6.5h18v11H3zM3 10.5h18M6.5 14.5h4",
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "chevron": "M9 5l7 7-7 7",
    "clock": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 7.5V12l3 2",
    "close": "M6 6l12 12M18 6L6 18",
    "edit": "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
    "help": (
        "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 1-1 1.7M12 16.5v.01"
    ),
    "info": "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 11v5M12 7.8v.01",
    "lock": "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    "minus": "M6 12h12",
    "offline": (
        "M3 9a13 13 0 0 1 4-2.5M21 9a13 13 0 0 0-9-3M6.5 13a8 8 0 0 1 3-1.7"
        "M17.5 13a8 8 0 0 0-2-1.4M12 17.5v.01M4 4l16 16"
    ),
    "phone": "M6 4h3.5l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5V18a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z",
    "pin": (
        "M12 21c4.5-4.7 6.5-8 6.5-11a6.5 6.5 0 0 0-13 0c0 3 2 6.3 6.5 11z"
        "M12 7.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z"
    ),
    "plus": "M12 6v12M6 12h12",
    "receipt": "M6 3.5h12v17l-2-1.5-2 1.5-2-1.5-2 1.5-2-1.5-2 1.5zM9 8.5h6M9 12.5h6",
    "share": "M12 15V4M8 7.5L12 3.5l4 4M5 13v7h14v-7",
    "shop": (
        "M4 9l1.5-5h13L20 9M4 9a2.7 2.7 0 0 0 5.3 0 2.7 2.7 0 0 0 5.4 0A2.7 2.7 0 0 0 20 9M5.5 12v8h13v-8M10 20v-5h4v5"
    ),
    "trash": "M5 7h14M9.5 7V4.5h5V7M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
    "user": "M12 4.5a3.7 3.7 0 1 0 0 7.4 3.7 3.7 0 0 0 0-7.4zM4.5 20c.8-4 3.8-6 7.5-6s6.7 2 7.5 6",
    "warn": "M12 4l9 16H3zM12 10v5M12 17.5v.01",
}


def names() -> tuple[str, ...]:
    """Every icon there is."""
    return tuple(_PATHS)


@lru_cache(maxsize=64)
def icon(name: str) -> Markup:
    """The inline SVG of an icon. An unknown name is a mistake in a template and raises `KeyError`."""
    path = _PATHS[name]
    return Markup(  # noqa: S704 no input reaches it
        '<svg class="icon" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" '
        f'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d="{path}"/></svg>'
    )
