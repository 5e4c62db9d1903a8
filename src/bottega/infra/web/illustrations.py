"""Illustrations by key: which drawing, of what size and filling, a key stands for.

Not here: the shapes themselves (`drawings.py`), icons (`icons.py`), and which thing shows which key (data says so).
What must stay true: a key's look never depends on input other than the key, and an unknown key still gives a picture.
"""

from collections.abc import Callable
from functools import lru_cache

from markupsafe import Markup

from bottega.infra.web.drawings import (
    Layer,
    bottle,
    cake,
    cookie,
    covered_dish,
    croissant,
    cup,
    dot,
    fill,
    filled_roll,
    glass,
    ice,
    line,
    loaf,
    muffin,
    mug,
    paper_bag,
    salad,
    scoops,
    soup,
    straw,
    to_go,
    toast,
    vapour,
    yoghurt,
)

_CAPPUCCINO: list[Layer] = [(1.0, "cream"), (0.72, "milk"), (0.3, "coffee")]
_LATTE: list[Layer] = [(0.98, "cream"), (0.84, "milk"), (0.34, "coffee")]

_DRAWINGS: dict[str, Callable[[], str]] = {
    "espresso": lambda: cup(19, 13, [(0.8, "coffee")]),
    "ristretto": lambda: cup(17, 12, [(0.5, "coffee")]),
    "macchiato": lambda: cup(19, 13, [(0.95, "cream"), (0.72, "coffee")]),
    "americano": lambda: cup(28, 18, [(0.9, "coffee")]),
    "cappuccino": lambda: cup(28, 19, _CAPPUCCINO),
    "flat_white": lambda: cup(24, 17, [(0.96, "cream"), (0.84, "milk"), (0.45, "coffee")]),
    "mocha": lambda: cup(28, 19, [(1.0, "white"), (0.78, "milk"), (0.5, "coffee")]),
    "hot_chocolate": lambda: cup(31, 18, [(1.0, "white"), (0.8, "coffee")], saucer=False),
    "tea": lambda: (
        cup(25, 20, [(0.86, "clay")]) + line("M52 34v14") + fill("M49 47h6v6h-6Z", "white") + line("M49 47h6v6h-6Z")
    ),
    "green_tea": lambda: cup(25, 20, [(0.86, "leaf")]),
    "matcha": lambda: glass(38, 15, 12, [(0.95, "cream"), (0.82, "leaf")]),
    "chai": lambda: glass(36, 15, 12, [(0.97, "cream"), (0.82, "milk")]) + vapour(48, 24),
    "latte": lambda: glass(40, 15, 12, _LATTE),
    "iced_latte": lambda: glass(
        40, 16, 12, [(0.94, "cream"), (0.7, "milk"), (0.34, "coffee")], ice((37, 26), (48, 30)) + straw(20)
    ),
    "iced_coffee": lambda: glass(40, 16, 12, [(0.9, "coffee")], ice((37, 27), (49, 29), (42, 38)) + straw(20)),
    "cold_brew": lambda: glass(34, 15, 14, [(0.88, "coffee")], ice((36, 31), (48, 33))),
    "tonic": lambda: glass(40, 15, 13, [(0.92, "sky"), (0.36, "coffee")], ice((37, 25), (48, 28))),
    "iced_tea": lambda: glass(40, 16, 12, [(0.9, "clay")], ice((37, 27), (49, 31)) + dot(61, 21, 6, "sun", inked=True)),
    "lemonade": lambda: glass(40, 16, 12, [(0.9, "sun")], ice((37, 27), (48, 31)) + straw(20)),
    "smoothie": lambda: glass(40, 15, 11, [(0.95, "berry")], straw(20)),
    "affogato": lambda: glass(26, 19, 12, [(0.8, "coffee")]) + dot(48, 34, 9, "cream", inked=True),
    "croissant": croissant,
    "cookie": cookie,
    "cake": cake,
    "muffin": muffin,
    "loaf": loaf,
    "sandwich": filled_roll,
    "toast": toast,
    "salad": salad,
    "soup": soup,
    "yoghurt": yoghurt,
    "ice_cream": scoops,
    "juice": lambda: bottle("sun", "clay", fruit=True),
    "water": lambda: bottle("sky", "white", fruit=False),
    "beans": paper_bag,
    "mug": lambda: mug("clay"),
    "tumbler": lambda: to_go("clay"),
    "plain": covered_dish,
}

_OTHER_NAMES = {
    name: key
    for key, names in {
        "croissant": "cornetto pastry brioche",
        "sandwich": "panino bagel piadina",
        "toast": "focaccia avocado_toast",
        "cappuccino": "cup",
        "latte": "glass latte_glass oat_latte cortado",
        "iced_coffee": "iced",
        "iced_latte": "iced_glass frappe",
        "hot_chocolate": "chocolate",
        "americano": "filter pour_over drip",
        "green_tea": "herbal_tea",
        "loaf": "banana_bread bread",
        "cake": "cheesecake tart brownie",
        "cookie": "biscuit",
        "yoghurt": "yogurt granola",
        "water": "bottle",
        "juice": "orange_juice",
        "beans": "bag beans_bag",
        "ice_cream": "gelato",
        "salad": "bowl",
        "tonic": "espresso_tonic",
        "cold_brew": "shakerato",
    }.items()
    for name in names.split()
}


def keys() -> tuple[str, ...]:
    """Every key that has a drawing of its own."""
    return tuple(_DRAWINGS)


@lru_cache(maxsize=256)
def illustration(key: str, css_class: str = "art") -> Markup:
    """The drawing for a key ('iced-latte' and 'iced_latte' are the same); decoration only, so hidden from readers."""
    name = key.strip().lower().replace("-", "_").replace(" ", "_")
    draw = _DRAWINGS.get(_OTHER_NAMES.get(name, name), covered_dish)
    head = f'<svg class="{css_class}" width="96" height="72" viewBox="0 0 96 72" aria-hidden="true" focusable="false">'
    return Markup(f"{head}{draw()}</svg>")  # noqa: S704 no input reaches it
